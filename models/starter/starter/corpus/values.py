"""Open-vocabulary values: names, codes, dates, amounts, titles. Nonce words keep the model from memorising the pools."""
import random

from . import words
from .language import capitalise, expand

_SIMPLE = "b c d f g h j k l m n p r s t v w y z".split()
_ONSETS = _SIMPLE * 2 + "b br c ch cl cr d dr f fl fr g gl gr h j k kl kn l m n p pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr tw v w wh y z".split() + [""] * 3
_VOWELS = "a e i o u a e i o u a e i o u a e i o u ai au ea ee ei ie oa oo ou y".split()
_CODAS = [""] * 30 + "b ck d ft g ld ll lt m n nd ng nn nt p r rd rk rn rt s sk ss st t th tt x zz".split()
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "0123456789"


class Values:
    """Draws values from one random source."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.pick = rng.choice

    def chance(self, probability: float) -> bool:
        """True with the given probability (0 to 1)."""
        return self.rng.random() < probability

    def nonce(self, low: int = 1, high: int = 3) -> str:
        """A pronounceable invented word of `low` to `high` syllables."""
        word = "".join(self.pick(_ONSETS) + self.pick(_VOWELS) + self.pick(_CODAS) for _ in range(self.rng.randint(low, high)))
        return word if len(word) > 2 else word + "lon"

    def digits(self, count: int) -> str:
        """`count` random digits."""
        return "".join(self.pick(_DIGITS) for _ in range(count))

    def letters(self, count: int) -> str:
        """`count` random capital letters."""
        return "".join(self.pick(_LETTERS) for _ in range(count))

    def first_name(self) -> str:
        """A given name, invented two times in five."""
        return self.pick(words.FIRST_NAMES) if self.chance(0.6) else capitalise(self.nonce(1, 3))

    def full_name(self) -> str:
        """Given name and surname."""
        surname = self.pick(words.LAST_NAMES) if self.chance(0.5) else capitalise(self.nonce(1, 3))
        return f"{self.first_name()} {surname}"

    def person(self) -> str:
        """A given or a full name."""
        return self.first_name() if self.chance(0.6) else self.full_name()

    def place(self) -> str:
        """The name of a town."""
        return capitalise(self.nonce(1, 3))

    def company(self) -> str:
        """A company name with its legal or trade ending."""
        if self.chance(0.4):
            start = self.pick(words.COMPANY_STARTS) + self.pick(["", "", "line", "field", "way", "point", "works", "brook"])
        else:
            start = capitalise(self.nonce(1, 3))
        if self.chance(0.2):
            start += " " + self.pick(words.COMPANY_STARTS)
        return f"{start} {self.pick(words.COMPANY_ENDINGS)}"

    def code(self) -> str:
        """An identifier such as `ZD-88213`, `77104/B` or `W9X-44QF-0B`."""
        kind = self.rng.randrange(7)
        count = self.rng.randint
        if kind == 0:
            return f"{self.letters(count(1, 3))}-{self.digits(count(2, 6))}"
        if kind == 1:
            return self.pick(["INV", "RE", "SO", "PO", "F", "CN", "TK"]) + self.pick(["-", "/", ""]) + self.digits(count(3, 6))
        if kind == 2:
            return f"{self.digits(count(3, 5))}{self.pick('-/')}{self.pick([self.digits(2), self.letters(1)])}"
        if kind == 3:
            return "".join(self.pick(_LETTERS + _DIGITS) for _ in range(count(3, 8)))
        if kind == 4:
            return self.digits(count(3, 7))
        parts = ["".join(self.pick(_LETTERS + _DIGITS) for _ in range(count(1, 4))) for _ in range(count(2, 3))]
        return "-".join(parts)

    def date(self) -> str:
        """A calendar date in one of five notations."""
        year, month, day = self.rng.randint(2022, 2031), self.rng.randint(1, 12), self.rng.randint(1, 28)
        name = words.MONTHS[month - 1]
        return self.pick([f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}-{month:02d}-{day:02d}",
                          f"{day:02d}.{month:02d}.{year}", f"{day} {name}", f"{day} {name}"])

    def when(self) -> str:
        """A weekday, a date or a relative day."""
        kind = self.rng.random()
        if kind < 0.35:
            return self.pick(words.DAYS)
        if kind < 0.75:
            return self.date()
        return self.pick(["tomorrow", "today", "next week", "next " + self.pick(words.DAYS), "the end of the month", self.pick(words.MONTHS)])

    def number(self) -> str:
        """An amount without currency."""
        whole = self.pick([self.rng.randint(5, 99), self.rng.randint(100, 999), self.rng.randint(1000, 99999)])
        return (f"{whole:,}" if self.chance(0.6) else str(whole)) + self.pick(["", f".{self.rng.randint(0, 99):02d}"])

    def amount(self) -> str:
        """An amount of money with its currency."""
        return self.pick(["EUR %s", "$%s", "€%s", "%s EUR", "USD %s", "%s euros", "£%s", "CHF %s", "%s dollars"]) % self.number()

    def time(self) -> str:
        """A time of day."""
        return self.pick([f"{self.rng.randint(7, 19)}:{self.pick(['00', '15', '30', '45', '10'])}",
                          f"{self.rng.randint(1, 12)} {self.pick(['am', 'pm'])}", f"{self.rng.randint(1, 12)}{self.pick(['am', 'pm'])}"])

    def email(self) -> str:
        """An address at an invented domain."""
        return f"{self.first_name().lower()}@{self.nonce(2, 2)}.{self.pick(['com', 'org', 'net', 'example'])}"

    def noun(self) -> str:
        """A thing, invented one time in five."""
        return self.nonce(1, 2) if self.chance(0.2) else self.pick(words.NOUNS)

    def thing(self) -> str:
        """A noun phrase without article, such as `broken garage door`."""
        adjective = self.pick(words.ADJECTIVES) + " " if self.chance(0.35) else ""
        return adjective + (self.noun() + " " if self.chance(0.2) else "") + self.noun()

    def title(self) -> str:
        """A task in the imperative, lower case, such as `paint the northern fence for Rosa`."""
        verb = self.nonce(1, 2) if self.chance(0.12) else self.pick(words.VERBS)
        kind = self.rng.random()
        if kind < 0.5:
            return f"{verb} {self.pick(['the', 'the', 'a', 'our', 'my', 'all'])} {self.thing()}"
        if kind < 0.75:
            return f"{verb} the {self.thing()} {self.pick(['for', 'from', 'with', 'in'])} {self.pick([self.company, self.person, self.place])()}"
        verb = self.pick(["call", "phone", "email", "ask", "meet", "remind", "write to", "visit", "tell", "thank"])
        return f"{verb} {self.pick([self.person, self.company])()} about the {self.thing()}"

    def role(self) -> str:
        """A job title such as `invoice clerk`; a third are trades never listed."""
        trade = self.nonce(2, 3) if self.chance(0.15) else self.pick(words.TRADES)
        return f"{trade} {self.pick(words.JOBS)}"

    def phrase(self, low: int = 1, high: int = 4) -> str:
        """A few unrelated lower-case words."""
        return " ".join(self.noun() for _ in range(self.rng.randint(low, high)))

    def varied(self, template: str) -> str:
        """Expands the alternatives of a template."""
        return expand(self.rng, template)
