"""Questions on passages: answerable and unanswerable ones on the same text, answered by a word-for-word quotation."""
from .language import ask, attach

SILENT = "The text does not say that."
_FACTS = (
    ("Employees {get|receive} %n% days of paid {holiday|leave} per year.", "{how many {holidays|days off} do I get|how much {vacation|leave|holiday} do we have|how many days of holiday {do employees get|are there}|when I need time off, how much is there}"),
    ("%Thing% costs above %amount% must be approved by %who%.", "{who {approves|signs off} %thing% costs|who has to approve %thing% costs|whom do I ask about %thing% costs}"),
    ("Expense reports must be sent within %n% %unit%.", "{when must I send expense reports|how long do I have for {an expense report|my expenses}|what is the deadline for expenses|by when do I hand in receipts}"),
    ("Remote work is allowed up to %n% days per month.", "{can I work from home|how many remote days are allowed|is {remote work|home office} allowed|may I stay home and work}"),
    ("Passwords must be changed every %n% %unit%.", "{how often must I change my password|when do passwords have to be changed|how long is a password good for}"),
    ("Sick leave must be reported to %who% before %time%.", "{whom do I tell when I am sick|where do I report sick leave|what must I do if I am ill|I have a fever, whom do I call}"),
    ("Documents about the %thing% are kept for %n% years.", "{how long are %thing% documents kept|how long do we keep documents about the %thing%|when may I throw away %thing% papers}"),
    ("Visitors must sign in at %place%.", "{where do visitors sign in|what must {visitors|guests} do|a guest is coming, where to}"),
    ("The notice period is %n% %unit%.", "{what is the notice period|how long is the notice|how can I end it|how fast can we get out}"),
    ("Orders of %thing%s need the approval of %who%.", "{who approves orders of %thing%s|I want to order %thing%s, who must agree|who has to approve %thing%s}"),
    ("The contact for the %thing% is %person%.", "{who is the contact for the %thing%|whom can I ask about the %thing%|who knows about the %thing%|whom do I call for the %thing%}"),
    ("The limit for gifts is %amount% per person.", "{what is the gift limit|how much may a gift cost|can I accept a {gift|present}}"),
    ("The %room% opens at %time%.", "{when does the %room% open|from when is the %room% open|how early can I get into the %room%}"),
    ("The %room% closes at %time%.", "{when does the %room% close|until when is the %room% open|how late can I use the %room%}"),
    ("Data breaches must be reported to %email% within %n% hours.", "{how do I report a data breach|where must a data breach be reported|we lost customer data, what now}"),
    ("New colleagues receive a laptop from %who%.", "{who gives me a laptop|where do I get my laptop|I am new, who has my computer}"),
    ("Contracts above %amount% need two signatures.", "{when are two signatures needed|which contracts need two signatures|does a second person have to sign}"),
    ("Late payments cost a fee of %amount%.", "{what is the fee for late payments|what happens if we pay too late|what does paying late cost}"),
    ("Training on %thing%s is required every %n% %unit%.", "{how often is %thing% training required|when do I need %thing% training}"),
    ("The %thing% is cleaned on %day%.", "{when is the %thing% cleaned|on which day is the %thing% cleaned}"),
    ("%Thing%s are {stored|kept} in %place%.", "{where are the %thing%s|where do I {put|find|store} {the|my} %thing%{s|}|where do %thing%s go|I am looking for a %thing%}"),
    ("%Thing%s are not allowed in %place%{.| except on %day%.}", "{may I bring {a|my} %thing%|are %thing%s allowed|can I take {a|my} %thing% with me|is it OK to have a %thing% here}"),
    ("Lost %thing%s must be reported to %who% within %n% hours.", "{what must I do when I lose {my|a} %thing%|I lost my %thing%|my %thing% is gone, what now|where do I report a lost %thing%}"),
    ("Staff may claim up to %amount% per day for %thing%s.", "{how much can I claim for {a |}%thing%{s|}|what do I get back for %thing%s|is there a limit for %thing%s|do you pay for my %thing%}"),
    ("%person% is responsible for the %thing%.", "{who is responsible for the %thing%|who looks after the %thing%|who takes care of the %thing%|who is in charge of the %thing%}"),
    ("Parking space %n% is reserved for %person%.", "{who has parking space %n%|for whom is parking space %n%|may I park on space %n%}"),
    ("The %thing% costs %amount% per %unit1%.", "{what does the %thing% cost|how much is the %thing%|what is the price of the %thing%|what do I pay for the %thing%}"),
    ("The %thing% was {built|bought|founded|sold} in %year% by %person%.", "{who {built|bought|founded|sold} the %thing%|from which year is the %thing%|how old is the %thing%|when was the %thing% {built|bought|founded}}"),
    ("%person% works at %company%.", "{where does %person% work|who employs %person%|for which company does %person% work|what is the employer of %person%}"),
    ("%person% lives in %town%.", "{where does %person% live|in which {town|city} is %person%|where is %person% at home}"),
    ("The %thing% arrives on %day%.", "{when does the %thing% {come|arrive}|when can we expect the %thing%|on which day is the %thing% delivered}"),
    ("The code for the %thing% is %code%.", "{what is the code for the %thing%|how do I open the %thing%|which code does the %thing% have|code of the %thing%}"),
    ("The warranty on the %thing% ends after %n% %unit%.", "{how long is the warranty on the %thing%|until when is the %thing% under warranty|the %thing% broke, is there still a warranty}"),
    ("Press the %colour% button to {start|stop|restart} the %thing%.", "{how do I {start|stop|restart} the %thing%|which button is for the %thing%|the %thing% does not run, what do I press}"),
)
_ABOUT = ("{what about|anything on|anything about|what does it say {about|on}|!tell me about|I want to know about|what is the rule for|what do you have on|"
          "how is it with|is there something on|what is written about|I need the part about|!quote the part on|question about|what do I have to know about|"
          "where does it mention|which sentence is about|my question is about|explain the thing with|there was something with} {the |the ||}%about%{?|.||?}")
_WHO = ("the team lead", "the finance team", "the HR team", "the manager", "the security team", "the front desk", "the legal team", "the office manager")
_PLACES = ("the building", "the office", "the kitchen", "the reception", "the basement", "the yard")
_ROOMS = ("office", "canteen", "gym", "library", "car park", "workshop", "shop", "reception", "lab")
_UNANSWERABLE = ("how many days of parental leave are there", "what is the wifi password", "who is the boss", "can I smoke here", "how high is my salary",
                 "when is the summer party", "who pays for my phone", "is there a bonus", "what is the weather", "how do I get to the airport")


def _slots(values):
    rng = values.rng
    thing = values.noun() if values.chance(0.7) else f"{values.noun()} {values.noun()}"
    room = values.pick([*_ROOMS, values.noun() + " room"])
    return {"n": rng.randint(2, 90), "amount": values.amount(), "day": values.pick(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]),
            "time": values.time(), "person": values.person(), "thing": thing, "Thing": thing.capitalize(), "room": room, "email": values.email(),
            "who": values.full_name() if values.chance(0.4) else values.pick(_WHO), "unit": values.pick(["days", "weeks", "months", "hours"]),
            "unit1": values.pick(["day", "week", "month", "piece", "hour"]), "year": rng.randint(1800, 2029), "company": values.company(),
            "place": values.pick(_PLACES) if values.chance(0.4) else values.pick(["hall ", "room ", "building "]) + values.code()[:3],
            "town": values.place(), "code": values.code(), "colour": values.pick(["red", "green", "blue", "yellow", "black", "white"])}


def draw_facts(values, count):
    """`count` different facts: (sentence, question template, slots)."""
    facts = []
    for sentence, question in values.rng.sample(_FACTS, count):
        slots = _slots(values)
        text = values.varied(sentence)
        for name, value in slots.items():
            text = text.replace(f"%{name}%", str(value))
        facts.append((text[:1].upper() + text[1:], question + "{?|?|}", slots))
    return facts


def _layout(values, facts):
    style = values.pick(["numbered", "numbered", "bullets", "plain", "lines"])
    if style == "numbered":
        return "\n".join(f"[{index + 1}] {fact[0]}" for index, fact in enumerate(facts))
    if style == "bullets":
        return "\n".join(f"- {fact[0]}" for fact in facts)
    return (" " if style == "plain" else "\n").join(fact[0] for fact in facts)


def _about(sentence, slots):
    """A question that only names something of the sentence, or nothing if the sentence names nothing special."""
    named = [slots[name] for name in ("thing", "person", "room", "company", "town") if str(slots[name]).lower() in sentence.lower()]
    return (_ABOUT, {"about": named[0]}) if named else None


def answer_questions(character):
    """Two to four questions on one text; about one in four has no answer in it."""
    rng, values = character.rng, character.values
    drawn = draw_facts(values, rng.randint(3, 7))
    count = rng.randint(2, max(2, len(drawn) - 1))
    shown, hidden = drawn[:count], drawn[count:]
    rng.shuffle(shown)
    document = values.pick(["", "", "", "Passages:\n", "Context:\n", "Policy:\n"]) + _layout(values, shown)
    messages = []
    for _ in range(rng.randint(2, 4)):
        if rng.random() < 0.27:
            sentence, question, slots = rng.choice(hidden) if hidden and rng.random() < 0.75 else ("", rng.choice(_UNANSWERABLE) + "?", {})
            answer = SILENT
        else:
            sentence, question, slots = rng.choice(shown)
            answer = f'"{sentence}"'
        if sentence and rng.random() < 0.3:
            question, slots = _about(sentence, slots) or (question, slots)
        request = ask(rng, question, **slots)
        if not messages and rng.random() < 0.3:
            request = "Question: " + request
        messages += [("user", request if messages else attach(rng, request, document)), ("assistant", answer)]
    return messages
