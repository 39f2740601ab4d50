"""Copying, key look-up and comparison: the skills that form last and that everything else needs."""
from .language import ask, attach, say

_LOOKUP = (
    "{what is the %what% {for|of} %key%|which %what% {does %key% have|belongs to %key%|goes with %key%|is for %key%}|!give me the %what% {for|of} %key%|"
    "!find the %what% {for|of} %key%|I need the %what% of %key%|what %what% do we have for %key%|%key% has which %what%|%what% of %key%|"
    "!look up %key%|and %key%|what about %key%|!tell me the %what% {for|of} %key%|what does it say for %key%|what is listed for %key%|%key%}{?|.||?}"
)
_COPY = "{!repeat|!repeat exactly|!copy|!write back|!say|!echo|!type|!write|!repeat after me|!copy this exactly|!spell}{: |: | }%value%"
_CHEAPEST = (
    "{which {quote|offer|supplier|one} is {the cheapest|cheapest|cheaper|the lowest|best on price}|who is {cheaper|cheapest|the cheapest}|"
    "!compare {these|the} {offers|quotes|prices}|which supplier should we {choose|take|pick}|who {offers|has} the {best|lowest} price|"
    "where do we pay {less|least}|whom should I order from|which would you pick|who should I buy from|what is the lowest price|who costs less}{?|.||?}"
)
_DEAREST = (
    "{which {quote|offer|one} is {the most expensive|the highest|dearest}|who is {the most expensive|dearest}|who {asks|charges} the most|"
    "what is the highest price|which supplier costs most}{?|.||?}"
)


def _keys(values):
    maker = values.pick([values.first_name, values.place, values.noun, values.company, values.full_name, values.code])
    return list(dict.fromkeys(maker() for _ in range(values.rng.randint(2, 7))))


def _column(values):
    return values.pick([("code", values.code), ("number", lambda: values.digits(4)), ("date", values.date), ("amount", values.amount),
                        ("price", values.amount), ("email", values.email), ("owner", values.full_name),
                        ("room", lambda: str(values.rng.randint(1, 999))), ("deadline", values.when), ("phone", lambda: values.digits(7)),
                        (values.noun(), values.code), (values.noun(), values.noun)])


def copy(character):
    """Repeats a value exactly."""
    values = character.values
    maker = values.pick([values.code, values.code, values.full_name, values.company, values.amount, values.email,
                         lambda: values.phrase(2, 5), lambda: f"{values.phrase(1, 2)} {values.digits(4)}"])
    value = maker()
    return [("user", ask(character.rng, _COPY, value=value)), ("assistant", value)]


def lookup(character):
    """Questions on one small list; some keys are not in it. The answer repeats the line of the list."""
    rng, values = character.rng, character.values
    keys = _keys(values)
    what, maker = _column(values)
    separator = values.pick([": ", ": ", " = ", " - ", ", ", " has "])
    lines = {key: f"{key}{separator}{maker()}" for key in keys}
    document = values.pick(["\n", "\n", "; "]).join(lines.values())
    asked = rng.sample(keys, min(len(keys), rng.randint(2, 4)))
    if rng.random() < 0.3:
        asked.insert(rng.randint(0, len(asked)), _keys(values)[0])
    messages = []
    for key in asked:
        request = ask(rng, _LOOKUP, what=what, key=key)
        messages.append(("user", request if messages else attach(rng, request, document)))
        messages.append(("assistant", lines.get(key, f"{key} is not in the list.")))
    return messages


def compare(character):
    """The cheapest or dearest of two to four offers; the answer repeats the offer's line."""
    rng, values = character.rng, character.values
    count = rng.choice([2, 2, 3, 4])
    base = rng.choice([10, 100, 1000])
    prices = [digit * base + rng.randint(0, base - 1) for digit in rng.sample(range(1, 10), count)]
    shape = values.pick(["%c%: %p%", "%c% offers %p%", "%c% wants %p%", "%c% - %p%", "%c% asks for %p%", "%c% costs %p%"])
    money = values.pick(["EUR %s", "$%s", "€%s", "%s euros", "%s EUR"])
    lines = [say(rng, shape, c=values.company() if rng.random() < 0.8 else values.place(), p=money % f"{price:,}") for price in prices]
    highest = rng.random() < 0.25
    wanted = lines[prices.index(max(prices) if highest else min(prices))]
    document = values.pick(["\n", "; ", ", ", ". "]).join(lines) + values.pick(["", "."])
    request = attach(rng, ask(rng, _DEAREST if highest else _CHEAPEST), document)
    return [("user", request), ("assistant", ("The highest price: " if highest else "The lowest price: ") + wanted + ".")]


_REMEMBERED = ("name", "company", "project code", "manager", "deadline", "email", "budget", "city", "password", "door code", "customer number")


def memory(character):
    """Something said earlier in the conversation is asked for again."""
    rng, values = character.rng, character.values
    makers = {"name": values.full_name, "company": values.company, "manager": values.person, "deadline": values.date, "email": values.email,
              "budget": values.amount, "city": values.place}
    owner = rng.choice(["my", "my", "our", "the"])
    key = rng.choice(_REMEMBERED) if rng.random() < 0.7 else values.noun() + rng.choice([" code", " number", " key", " name"])
    value = makers.get(key, values.code)()
    told = ask(rng, "{%o% %k% is %v%|by the way, %o% %k% is %v%|!note that %o% %k% is %v%|!remember: %o% %k% is %v%|"
                    "for your information, %o% %k% is %v%}{.|.|, remember that.|, keep that in mind.|}", o=owner, k=key, v=value)
    yours = "your" if owner == "my" else owner
    asked = ask(rng, "{what is %o% %k%|do you remember %o% %k%|!tell me %o% %k%|what was %o% %k%{| again}|%o% %k%|!remind me of %o% %k%}{?|.|?}", o=owner, k=key)
    return [("user", told), ("assistant", f"Noted: {yours} {key} is {value}."), ("user", asked), ("assistant", f"{yours.capitalize()} {key} is {value}.")]
