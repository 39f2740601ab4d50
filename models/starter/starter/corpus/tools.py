"""Tool calls as compact JSON, and spreadsheet formulas: arguments are copied as the user wrote them."""
import json

from .language import ask, say

_TASK = ("{!create a task|!add a task|!make a task|new task|!add a to-do|!add to my list|!put on my list|!set up a task|!note down|task|todo|!add a todo|I need a task|!remind me|"
         "don't let me forget|I have to|I must not forget|!remember}{ to |: |: | - }{%title%|%title%|%title%|\"%title%\"|'%title%'}")
_EVENT = ("{!schedule|!book|!plan|!set up|!arrange|!organise|I need|!put in} {a meeting|a call|an appointment|a session} with %person% about the %thing% {on |, |for |}%date% at %time%",
          "{meeting|call} with %person%, {topic|about the} %thing%, %date% at %time%")
_SEARCH = ("{!search for|!search the documents for|!look up|!find documents about|!look for|!search|do we have anything on|do we have a document about|!find everything on|"
           "!check the library for|is there something about|find me something on|which documents are about}{: | | }%query%")


def call(tool, **arguments):
    """One tool call in the format that the employees use."""
    return json.dumps({"tool": tool, "arguments": arguments}, ensure_ascii=False, separators=(",", ":"))


def create_task(character):
    """A task with an optional due date and assignee."""
    rng, values = character.rng, character.values
    slots = {"title": values.title(), "due": values.when(), "person": values.person()}
    template, arguments = _TASK, {"title": slots["title"]}
    if rng.random() < 0.6:
        template += "{ by %due%| until %due%|, due %due%| before %due%|, deadline %due%| not later than %due%| (%due%)}"
        arguments["due"] = slots["due"]
    if rng.random() < 0.4:
        template += "{ and assign it to %person%|, assigned to %person%|, %person% does it|, assign it to %person%|, give it to %person%}"
        arguments["assignee"] = slots["person"]
    return [("user", ask(rng, template + "{.|.|}", **slots)), ("assistant", call("create_task", **arguments))]


def create_event(character):
    """A meeting with a person, a topic, a date and a time."""
    rng, values = character.rng, character.values
    slots = {"person": values.person(), "thing": values.thing(), "date": values.when(), "time": values.time()}
    answer = call("create_event", **{"with": slots["person"]}, about=slots["thing"], date=slots["date"], time=slots["time"])
    return [("user", ask(rng, rng.choice(_EVENT) + "{.|.|}", **slots)), ("assistant", answer)]


def search(character):
    """A search whose query is copied from the request."""
    rng, values = character.rng, character.values
    query = values.pick([lambda: values.phrase(1, 3), lambda: values.phrase(1, 3), values.thing, values.company, values.code, values.full_name])()
    return [("user", ask(rng, _SEARCH + "{.|?|}", query=query)), ("assistant", call("search", query=query))]


_FORMULAS = (
    ("{!sum|!add up|!total|the sum of|sum of|how do I add up|how can I sum}{| everything| all numbers| the cells} {%a% to %b%|from %a% to %b%|between %a% and %b%|in %a%:%b%}", "=SUM(%a%:%b%)"),
    ("{the average of|the mean of|how do I get the average of|average} {%a% to %b%|from %a% to %b%|%a%:%b%}", "=AVERAGE(%a%:%b%)"),
    ("{how often is %v% in|!count %v% in|how many times is %v% in} {%a% to %b%|%a%:%b%}", '=COUNTIF(%a%:%b%,"%v%")'),
    ("{the highest|the largest|the biggest|max} {value|number} {in|of|from} {%a% to %b%|%a%:%b%}", "=MAX(%a%:%b%)"),
    ("{the lowest|the smallest|min} {value|number} {in|of|from} {%a% to %b%|%a%:%b%}", "=MIN(%a%:%b%)"),
    ("{how many cells are filled|!count the filled cells} {in|from|between} {%a% to %b%|%a% and %b%|%a%:%b%}", "=COUNTA(%a%:%b%)"),
)


def formula(character):
    """One spreadsheet formula for a range."""
    rng, values = character.rng, character.values
    column = values.letters(1)
    first, last = sorted(rng.sample(range(1, 400), 2))
    template, answer = rng.choice(_FORMULAS)
    slots = {"a": f"{column}{first}", "b": f"{column}{last}", "v": values.pick([values.first_name, values.noun, values.code])()}
    opener = rng.choice(["", "", "I need a formula: ", "Formula for ", "Excel: ", "which formula gives "])
    return [("user", ask(rng, (opener + template).replace("!", "") + "{.|?|}", **slots)), ("assistant", say(rng, answer, **slots))]
