"""Notes and messages: a summary keeps the sentences that matter, word for word, and drops the rest."""
from .language import ask, attach
from .passages import draw_facts

_ACTION = ("%person% will %title% by %when%.", "%person% agreed to %title% by %when%.", "%person% promised to %title%.", "%person% has to %title% before %when%.",
           "%person% will %title%.", "%person% takes care of it and will %title%.")
_DECISION = ("We decided to %title%.", "It was decided to %title%.", "The team agreed to %title%.", "The decision is to %title%.")
_STATUS = ("The %thing% is delayed until %when%.", "The %thing% has been moved to %when%.", "The budget for the %thing% is %amount%.",
           "The next meeting is on %when% at %time%.", "%company% asked about the %thing%.", "%person% takes over the %thing%.", "The %thing% is still broken.",
           "We ordered %n% %thing%s from %company% for %amount%.", "%person% starts on %when% at %company%.", "The new price from %company% is %amount%.",
           "The %thing% is finished.", "%person% is away until %when%.", "There is a problem with the %thing%.", "Case %code% is still open.",
           "%company% is happy with the %thing%.", "%person% worked for %n% years at %company%.", "%person% lives in %town%.", "We lost %amount% because of the %thing%.")
_CHATTER = ("It was a long day.", "Everyone was in a good mood.", "The coffee was cold.", "We talked for a while.", "Nothing else was said.", "Some people joined late.",
            "There were many questions.", "The weather was nice.", "We started a bit late.", "Hope you are well.", "Just a quick update.", "Thanks for your patience.",
            "Sorry for the long text.", "Have a nice weekend.", "As always, there was cake.", "I hope this helps.")
_SUMMARY = (
    "{!summarise {this|this note|it|the text|the following|the message|these notes}|!summarize {this|it|this note}|!make bullet points{| of this}|!give me the {key|main} points|"
    "short summary|what are the {main|key} points|!turn {this|these notes|it} into {minutes|bullets|bullet points}|tldr|in short{|, what does it say}|"
    "!shorten this|what does it say, in short|what is {important|this about|in it}|the gist|what should I know|!condense this|what matters here|"
    "!write {a summary|short minutes|the key points}|sum it up{| for me}|give me the short version|too long, what does it say}{.||?|:|.}"
)
_ACTIONS = ("{!list the {action items|tasks|to-dos|todos}|what are the {action items|tasks|to-dos|next steps}|who {has to do|does|must do|is doing} what|!find the tasks|"
            "what do we have to do|what {is to be done|has been promised|work comes out of this}|who promised what|action items|todos|which tasks came up}{?|.||}")
_DECISIONS = "{what {was|has been|did they} {decided|agreed|decide}|!list the decisions|which decisions were {made|taken}|decisions|what did {we|the team} {decide|agree on}}{?|.||}"


def _sentence(values, template):
    kind = {"person": values.person, "title": values.title, "when": values.when, "thing": values.thing, "amount": values.amount, "time": values.time,
            "company": values.company, "code": values.code, "town": values.place, "n": lambda: values.rng.randint(2, 90)}
    for name, maker in kind.items():
        if f"%{name}%" in template:
            template = template.replace(f"%{name}%", str(maker()))
    return template[:1].upper() + template[1:]


def _note(values):
    sentences = []
    for _ in range(values.rng.randint(2, 5)):
        group = values.pick(["action", "action", "decision", "status", "status", "fact"])
        if group == "fact":
            text = draw_facts(values, 1)[0][0]
        else:
            text = _sentence(values, values.pick({"action": _ACTION, "decision": _DECISION, "status": _STATUS}[group]))
        sentences.append((group, text))
    for _ in range(values.pick([0, 0, 1, 1, 2])):
        sentences.insert(values.rng.randint(0, len(sentences)), ("chatter", values.pick(_CHATTER)))
    return sentences


def _answer(sentences, groups, nothing):
    kept = [f"- {text}" for group, text in sentences if group in groups]
    return "\n".join(kept) if kept else nothing


def summarise(character):
    """A note, then its summary, tasks or decisions; often two of them on the same note."""
    values = character.values
    rng = values.rng
    sentences = _note(values)
    document = values.pick([" ", " ", " ", "\n"]).join(text for _, text in sentences)
    kinds = [(_SUMMARY, ("action", "decision", "status", "fact"), "There is nothing to summarise."),
             (_ACTIONS, ("action",), "There are no tasks in this text."), (_DECISIONS, ("decision",), "There is no decision in this text.")]
    messages = []
    for template, groups, nothing in rng.sample(kinds, rng.choice([1, 1, 2])):
        request = ask(rng, template)
        messages += [("user", request if messages else attach(rng, request, document)), ("assistant", _answer(sentences, groups, nothing))]
    return messages
