"""E-mails drafted from a request: every fact of the request is used, none is added."""
from .language import ask, capitalise, say

# kind: (request, subject, body)
_KINDS = {
    "reminder": ("{remind %n% {that|about} invoice %code% over %amount% {was due on|due} %when%|%n%: invoice %code% over %amount% was due on %when%|a payment reminder to %n%, invoice %code%, %amount%, due %when%|%n% has not paid invoice %code% over %amount%, it was due on %when%}",
                 "Reminder: invoice %code%", "This is a friendly reminder about invoice %code% over %amount%. It was due on %when%. Please let us know when we can expect the payment."),
    "meeting": ("{invite %n% to a meeting about the %thing% on %when% at %time%|ask %n% to meet on %when% at %time% about the %thing%|a meeting with %n% about the %thing%, %when% at %time%|%n% should come to talk about the %thing% on %when% at %time%}",
                "Meeting about the %thing%", "I would like to invite you to a meeting about the %thing% on %when% at %time%. Please let me know if this works for you."),
    "follow-up": ("{a follow-up to %n% about the %thing%. I will %title% by %when%|thank %n% for the {call|talk|chat|meeting} about the %thing% and say that I will %title% by %when%|I {talked to|met|called|had a chat with} %n% about the %thing%. I promised to %title% by %when%|follow up with %n% on the %thing%; I will %title% by %when%}",
                  "Follow-up: %thing%", "Thank you for your time and the talk about the %thing%. As promised, I will %title% by %when%. Please let me know if you have any questions."),
    "delay": ("{tell %n% that the %thing% is late, new date %when%|apologise to %n%, the %thing% is late and comes on %when%|%n% must know that the %thing% is delayed until %when%|let %n% know: the %thing% will not be ready before %when%}",
              "Delay: %thing%", "I am sorry to tell you that the %thing% is late. The new date is %when%. Thank you for your patience."),
    "quote": ("{ask %n% for a quote for %count% %thing%s by %when%|request an offer from %n% for %count% %thing%s, needed by %when%|we need %count% %thing%s from %n% by %when%, ask for the price}",
              "Request for a quote: %thing%s", "Please send us an offer for %count% %thing%s. We need them by %when%. We look forward to your offer."),
    "welcome": ("{welcome %n%, first day %when% at %time%|a welcome message for %n% who starts on %when% at %time%|%n% starts on %when% at %time%, say hello from all of us|we have a new colleague, %n%, first day is %when% at %time%}",
                "Welcome to the team", "Welcome to the team! Your first day is %when% at %time%. If you have any questions, just ask."),
    "thanks": ("{thank %n% for the %thing%|a thank you note to %n% for the %thing%|say thanks to %n% because of the %thing%}", "Thank you", "Thank you very much for the %thing%. It was a great help."),
    "decline": ("{decline the offer from %n% about the %thing%|a polite no to %n% regarding the %thing%|say no to %n% about the %thing%|tell %n% that we do not want the %thing%}",
                "Your offer: %thing%", "Thank you for your offer about the %thing%. Unfortunately, we have decided not to go ahead."),
    "confirm": ("{confirm the %thing% with %n% on %when% at %time%|tell %n% that the %thing% on %when% at %time% is confirmed|%n% wants to know if the %thing% on %when% at %time% is fine, say yes}",
                "Confirmation: %thing%", "This is to confirm the %thing% on %when% at %time%. Please let me know if anything changes."),
}
_OPENERS = ("{!write|!draft|!compose|!prepare|!make|I need|help me with} {an email|a short email|a polite email|a message|a short note|a mail|a letter}{: |, | - |. }",)
_VERBS = ("remind", "invite", "ask", "thank", "follow", "tell", "apologise", "let", "request", "welcome", "say", "decline", "confirm")
_ENDINGS = (". {Please write the email.|Draft it.|Email please.|Write it politely.|Write the mail.|Could you write that?|Can you draft something?|Make it a nice email.|Put that in a mail.|Write something short.}",)


def _slots(values):
    return {"n": values.person(), "code": values.code(), "amount": values.amount(), "when": values.when(), "thing": values.thing(), "time": values.time(),
            "title": values.title(), "count": values.rng.randint(2, 500)}


def _revise(rng, values, slots, request_text, answer):
    if "%when%" in request_text and rng.random() < 0.6:
        new = values.when()
        return ask(rng, "{!change the date to %x%|!make it %x%|the date is %x%|!use %x% instead|no, %x%|it is %x% now|sorry, %x%}{.|.|}", x=new), answer.replace(str(slots["when"]), new)
    new = values.first_name()
    request = ask(rng, "{!send it to %x% instead|!make it for %x%|!change the name to %x%|it is for %x%|the name is %x%}{.|}", x=new)
    return request, answer.replace(f"Dear {slots['n']},", f"Dear {new},", 1)


def draft(character):
    """One e-mail, sometimes followed by a change of date or name."""
    rng, values = character.rng, character.values
    request_template, subject, body = _KINDS[rng.choice(list(_KINDS))]
    slots = _slots(values)
    core = values.varied(request_template)
    chance = rng.random()
    if chance < 0.55:
        opener = rng.choice(_OPENERS)
        if core.split()[0] in _VERBS and rng.random() < 0.5:
            opener = opener.replace("{: |, | - |. }", " to ")
        template = opener + core + "."
    elif chance < 0.7:
        template = "!" + core + "."
    else:
        template = capitalise(core) + rng.choice(_ENDINGS)
    answer = say(rng, f"Subject: {subject}\n\nDear %n%,\n\n{body}\n\nKind regards,\n%p%", p=character.name, **slots)
    messages = [("user", ask(rng, template, **slots)), ("assistant", answer)]
    if rng.random() < 0.25:
        request, revised = _revise(rng, values, slots, core, answer)
        messages += [("user", request), ("assistant", revised)]
    return messages
