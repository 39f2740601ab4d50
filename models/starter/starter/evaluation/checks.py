"""Strict checks of one answer: whole words, nothing forbidden, nothing invented, exact JSON."""
import dataclasses
import json
import re

REFUSAL = re.compile(r"(?i)\b(do not know|don't know|cannot|can't|not in the (list|text)|does not (say|give|mention|answer|contain|list)|there (is|are) no|not able to)\b")
_SENTENCE_START = re.compile(r"(^|[.!?:\n\"]\s*|- )$")
_FRAME = {"I", "Subject", "Dear", "Kind", "Category", "Priority", "Team", "JSON", "VAT"}


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What an answer must be.

    `words` must all occur as whole words, `absent` must not; `exact` is the whole answer. `refuses` says whether the answer has to be a refusal.
    `arguments` are the exact arguments of a tool call and `tool` its name. `mail_to` and `signed` are the names in an e-mail. `bullets` is the exact
    number of bullet lines.
    """

    words: tuple = ()
    absent: tuple = ()
    exact: str | None = None
    refuses: bool = False
    tool: str | None = None
    arguments: tuple = ()
    mail_to: str | None = None
    signed: str | None = None
    bullets: int | None = None


def contains(answer: str, wanted: str) -> bool:
    """Whether `wanted` occurs in `answer` as whole words; case counts only after the first letter."""
    first, rest = wanted[:1], wanted[1:]
    start = f"[{re.escape(first.lower())}{re.escape(first.upper())}]"
    return re.search(rf"(?<!\w){start}{re.escape(rest)}(?!\w)", answer) is not None


def invented_words(answer: str, conversation: str) -> list:
    """Words with a digit, and capitalised words inside a sentence, that the conversation does not contain."""
    found = []
    for match in re.finditer(r"[^\s\"{}\[\],;:()|]+", answer):
        word = match.group().strip(".,;:!?'\"")
        capital = word[:1].isupper() and not _SENTENCE_START.search(answer[: match.start()])
        if (capital or any(character.isdigit() for character in word)) and word not in _FRAME and not contains(conversation, word):
            found.append(word)
    return found


def _tool_problems(expected, answer):
    try:
        call = json.loads(answer)
    except json.JSONDecodeError:
        return ["not JSON"]
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        return ["not a tool call"]
    given = {str(value).lower() for value in call["arguments"].values()}
    problems = [] if call.get("tool") == expected.tool else [f"tool is {call.get('tool')}"]
    if given != {value.lower() for value in expected.arguments}:
        problems.append(f"arguments are {sorted(given)}")
    return problems


def _mail_problems(expected, answer):
    problems = []
    if not answer.startswith("Subject: "):
        problems.append("no subject")
    if not re.search(rf"^(Dear|Hello|Hi) {re.escape(expected.mail_to)},$", answer, re.MULTILINE):
        problems.append(f"not addressed to {expected.mail_to}")
    if not answer.rstrip().endswith(f"regards,\n{expected.signed}"):
        problems.append(f"not signed {expected.signed}")
    return problems


def problems(expected: Expectation, answer: str, conversation: str) -> list:
    """Everything that is wrong with `answer`; an empty list means that it is right."""
    if expected.tool:
        return _tool_problems(expected, answer)
    found = [f"missing {word}" for word in expected.words if not contains(answer, word)]
    found += [f"contains {word}" for word in expected.absent if contains(answer, word)]
    found += [f"invented {word}" for word in invented_words(answer, conversation)]
    if expected.exact is not None and answer.strip().rstrip(".") != expected.exact.rstrip("."):
        found.append("not the exact text")
    if bool(REFUSAL.search(answer)) != expected.refuses:
        found.append("does not refuse" if expected.refuses else "refuses")
    if expected.mail_to:
        found += _mail_problems(expected, answer)
    if expected.bullets is not None and len(re.findall(r"^- ", answer, re.MULTILINE)) != expected.bullets:
        found.append(f"not {expected.bullets} bullets")
    return found
