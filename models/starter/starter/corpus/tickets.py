"""Customer messages sorted by category and priority, with the sentence that decided it."""
from .language import ask, attach, say

_CATEGORIES = {
    "billing": "{I was charged {twice|two times|too much|for nothing}|{the|my|your} {invoice|bill} is {wrong|too high|not right}|I {need|want} {a refund|my money back}|my card was {declined|refused}|"
               "you {took|have taken|withdrew} %amount% {too much|from my account|twice}|I cannot find my receipt|I paid but my {plan|subscription} is not active|I want to change {my|the} payment method|there is a strange fee on my bill|why did you debit %amount%}",
    "technical": "{the {app|program|site|%thing%} {crashes|freezes|hangs|does not {start|work|respond}}|{my|the} screen {stays|is} black|I get {an error|error %code%|a strange message}|the {page|site} does not load|"
                 "the {sync|update|upload|download} {failed|has stopped|hangs}|it is {very slow|slow since today}|the connection drops{| all the time}|{since|after} the {last |}update my %thing% {keeps crashing|does not work|is broken}|nothing happens when I press save}",
    "account": "{I {cannot|can't|can not} {log in|sign in|get into my account}|I forgot my {password|PIN|user name}|{please |}change my {email address|user name|phone number}|my account {is|was} {locked|blocked|gone}|"
               "I want to {delete|close} my account|I need access for a colleague|the reset link does not work|it says {wrong|invalid} password|my profile shows another person}",
    "shipping": "{my {parcel|package|order|%thing%} {has not arrived|did not come|is not here yet|was supposed to come on %day%}|the {box|parcel} was {damaged|open|wet}|the wrong {item|%thing%} {was delivered|came}|where is my {order|parcel|%thing%}|"
                "the tracking number does not work|half of the order is missing|it was delivered to {my neighbour|the wrong address}|still waiting for my %thing%}",
    "sales": "{I would like {a quote|an offer} for %n% %thing%s|do you {offer|give} {a discount|discounts}|{can|could} I {see a demo|try it first}|we want to {buy|order} {more licences|%n% seats|%n% %thing%s}|what {does|would} {the large plan|%n% seats|a year} cost|"
             "is there a {trial|free} version|how much is it for %n% people|which plan fits {a school|a small team|%n% users}}",
    "feedback": "{I love the new {design|version|%thing%}|great service|please add {a dark mode|an export|more colours}|it would be nice to have {an export|a %thing%}|your team was {very friendly|great}|the new menu is {confusing|ugly|nice}|just wanted to say thank you|I like your %thing%}",
}
_TEAMS = {"billing": "finance", "technical": "technical support", "account": "account services", "shipping": "logistics", "sales": "sales", "feedback": "product"}
_URGENT = ("{This is urgent|Please help right now|Our whole team is blocked|I need this {today|now|in an hour}|We cannot work|As soon as possible please|We lose money every hour|"
           "I have {an exam|a meeting|a flight} {tomorrow|today}|Please hurry|It is very important|My boss is angry|I need it before %time%}{!|.|!!}")
_RELAXED = "{No hurry|It is not urgent|Whenever you have time|There is no rush|Take your time|It can wait}{.|!}"
_TRIAGE = ("{!classify {this|this ticket|it|the message}|!triage {this|it|this one}|!sort this {ticket|message}|!categorise {this|it}|what kind of {ticket|message|request} is {this|it}|which category {is it|and priority}|"
           "!look at this one|where does it belong|what is this about|how would you sort it|which category and how urgent|a new ticket came in|{category|priority} please|!file this ticket|!tag it}{:|.|?|}")
_URGENCY = "{is {this|it} urgent|how urgent is {this|it}|what is the priority|does it have to be done now|can it wait}{?|?|}"
_ROUTE = "{which team {takes|should take|handles} {this|it}|who should {handle|get} {this|it}|where should I {route|send} {this|it}|who is responsible for this|whom do I forward it to}{?|?|}"


def _message(values):
    rng = values.rng
    category = values.pick(list(_CATEGORIES))
    problem = say(rng, _CATEGORIES[category], amount=values.amount(), thing=values.noun(), code=values.code(), day=values.when(), n=rng.randint(2, 90))
    problem = problem[:1].upper() + problem[1:] + values.pick([".", "!", "."])
    chance = rng.random()
    priority = "high" if chance < 0.4 else "low" if chance < 0.6 or category == "feedback" else "medium"
    mood = {"high": say(rng, _URGENT, time=values.time()), "low": values.varied(_RELAXED) if chance >= 0.4 and chance < 0.6 else "", "medium": ""}[priority]
    hello = values.varied("{Hi, |Hello, |Hey team, |Dear support, |Good evening, |||}")
    tail = say(rng, "{ Regards, %n%.| My number is %c%.| Best, %n%| Order %c%.||||}", n=values.person(), c=values.code())
    start = hello + (problem[:1].lower() + problem[1:] if hello and problem[1:2].islower() else problem)
    return category, priority, problem.rstrip(".!"), start + (" " + mood if mood else "") + tail


def triage(character):
    """Category, priority and team of one customer message; then its urgency or route as a second question."""
    rng, values = character.rng, character.values
    category, priority, _, document = _message(values)
    answers = [(_TRIAGE, f"Category: {category}\nPriority: {priority}\nTeam: {_TEAMS[category]}")]
    if rng.random() < 0.35:
        answers.append((_URGENCY, f"The priority is {priority}."))
    if rng.random() < 0.35:
        answers.append((_ROUTE, f"Please send it to the {_TEAMS[category]} team."))
    rng.shuffle(answers)
    messages = []
    for template, answer in answers:
        request = ask(rng, template)
        messages += [("user", request if messages else attach(rng, request, document)), ("assistant", answer)]
    return messages
