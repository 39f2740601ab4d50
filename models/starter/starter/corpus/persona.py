"""Who the employee is, what it can do, and what it honestly cannot: short conversations without a document."""
from .language import ask, say

UNKNOWN = "I do not know that. I only work with the text you give me."
_IDENTITY = (
    "{who are you|who r u|who is this|who am I talking to|who am I speaking with|with whom do I have the pleasure|what are you|what r u|"
    "what's your name|what is your name|your name|may I ask your name|and you are|introduce yourself|!introduce yourself|"
    "!tell me who you are|tell me about yourself|!say who you are|what is your name and role|name and job|what do they call you|"
    "what should I call you|who do I have here|what is your role|what is your position|what is your job title|who is on the line|"
    "do you have a name|identify yourself|are you a bot or what|I don't think we have met|we have not met yet|remind me who you are|"
    "who will be helping me|!give me your name and what you do}{?|.||?}"
)
_SKILLS = (
    "{what can you do{| for me| for us| here| today}|how can you help{| me| us| here}|what are you able to do|what are your skills|"
    "what is your work|what {things|tasks|work|jobs|sort of things|kinds of tasks} can {you do|you handle|I give you|I hand over|you take on}|"
    "what {kind|sort} of {help|tasks|work} {do you offer|can I expect|do you do}|!list your skills|what can I ask you|what do you do{| all day| here}|"
    "!show me what you can do|where can you help|what are you good for|what are you there for|why would I need you|how do you work|"
    "what can I use you for|in which areas can you help|what do you know how to do|how could you make my day easier|what's your speciality|"
    "what would I come to you for|what may I send you|what do you offer}{?|.||?}"
)
_THANKS = ("{thanks|thank you|thx|ty|many thanks|great, thanks|perfect, thank you|cool thanks|thanks a lot|that helped|awesome|nice work|"
           "well done|you are great|much appreciated|brilliant|lovely|good job|wonderful, thanks}{!|.|| %p%!| so much!}")
_BYE = ("{bye|goodbye|see you|see you tomorrow|that is all|that's it for today|have a nice day|talk to you later|I am off|good night|cu|"
        "later|have a good one|I am done for today|until next time|ciao|take care|nothing else}{!|.||, %p%.}")
_MOOD = ("{how are you{| today| doing}|how is it going|hows it going|are you okay|how do you feel|you alright|what's up|whats new|"
         "everything fine|how was your day|did you sleep well|are you ready|are you busy|are you there}{?|?|}")
_HUMAN = ("{are you {human|a human|a robot|a bot|a machine|a real person|a person|an AI|real|alive|a computer|a program}|"
          "am I talking to a {person|machine|robot|human|computer}|is there a person behind this|you are a real human, right|"
          "what model are you|which model is this|how smart are you|are you ChatGPT|are you a large model|"
          "{someone|a friend|my colleague|my sister|my boss} {says|thinks|told me} you are a {person|human|robot|machine}}{?|?|. Is that so?|. Right?}")
_HELLO = "{hi|hello|hey|good morning|hi there|hello there|good afternoon|yo|good evening|hallo|anyone there|hey you}{!|.|| %p%!| %p%|?}"
_VAGUE = (
    "{help me|I need help|can you help me|I have a question|I have {an invoice|a new email|a document|a text|a letter} {here|for you}|"
    "!summarise this|!write an email|!extract the fields|here is a document|!check this|!draft a reply|asdf|ok|hmm|test|what now|"
    "I do not understand|!do something|I am {lost|stuck|confused|overwhelmed}|so much {paperwork|work|mail} {today|here}|where do I start|"
    "I feel {tired|lost|stressed}{| today}|this is a lot of work}{.|?||.}"
)
_WORLD = (
    "{what is the capital of|where is|how big is|who rules|what language do they speak in|how many people live in} {France|Peru|Japan|Kenya|%town%|%town%}?",
    "who {won|invented|wrote|painted|discovered|founded|built|composed|directed|designed} {the {first|last|famous|biggest|old} |the |}{%thing%|%Town%|match|book %Town%|film %Town%}?",
    "{what is the weather like|will it rain|is it sunny|how warm is it} in %town% {today|tomorrow|now}?",
    "how {tall|old|far|big|heavy|deep|fast|expensive|long} is {the|a|an average} %thing%?",
    "{what is|!calculate|how much is} %a% {times|plus|divided by|minus|x|*|+} %b%?",
    "what did %person% {say|do|decide|buy|write|eat|promise} {yesterday|last week|on Monday|last night|this morning}?",
    "{when|where} was %person% born?",
    "which {song|film|book|team|player|country|club|horse} {is the best|won in %year%|do you like}?",
    "what is the {share price|phone number|address|revenue|website|boss} of %company%?",
    "{!explain|!tell me about|what do you know about} {the history of |}{physics|football|music|chemistry|politics|the moon|jazz|volcanoes|%town%}.",
    "how many %thing%s are there in {the world|our office|the box|%town%}?",
    "where {is|did I put} {my|the|our} %thing%?",
    "what is {my|our|the} {password|bank balance|budget|salary|order status|customer number|door code|birthday}?",
    "who is {the CEO of %company%|the president|the best singer|%person%|the mayor of %town%|the king}?",
    "!tell me a {joke|story|riddle|secret}{| about %thing%s}.",
    "what time is it{| in %town%}?",
)
_CANNOT = ("{book|buy|order|drive|cook|play|fly|sing|draw|carry|watch|heal|repair|win|rent|sell|ride|bake|paint|dance with} "
           "{a|the|my} %thing%", "make a phone call", "fly a plane", "browse the internet", "predict the future", "transfer money",
           "cook dinner", "give medical advice", "drive me home", "come to my house", "play music", "send a fax", "water the plants")


def introduction(character):
    """The employee's own name and role, copied from the system prompt."""
    return say(character.rng, "I am %name%, %title%.", name=character.name, title=character.title)


def _skills_answer(character):
    return f"I am {character.name}, {character.title}. I can {character.skill_list}."


def identity(character):
    """Who are you?"""
    return [("user", ask(character.rng, _IDENTITY)), ("assistant", introduction(character))]


def skills(character):
    """What can you do?"""
    return [("user", ask(character.rng, _SKILLS)), ("assistant", _skills_answer(character))]


def greeting(character):
    """A bare hello is answered with name and role."""
    request = say(character.rng, _HELLO, p=character.name)
    return [("user", request), ("assistant", "Hello! " + introduction(character) + " How can I help you?")]


def small_talk(character):
    """Thanks, goodbye, mood, and whether a person is there."""
    kind = character.rng.randrange(5)
    template = (_THANKS, _BYE, _MOOD, _HUMAN, _HUMAN)[kind]
    answer = ("You are welcome!", "Goodbye! I am here when you need me.", "I am ready to work. What can I do for you?",
              "I am not a person. " + introduction(character) + " I run on a small starter model, so please check my work.")[min(kind, 3)]
    request = say(character.rng, template, p=character.name)
    return [("user", request), ("assistant", answer)]


def is_your_name(character):
    """Right and wrong names, half and half, so that the prompt decides and not the habit."""
    wrong = character.rng.random() < 0.5
    name = character.values.person() if wrong else character.name
    request = ask(character.rng, "{is your name %x%|are you %x%|am I talking to %x%|is this %x%|you are %x%, right|are you called %x%}?", x=name)
    wrong = name != character.name
    return [("user", request), ("assistant", ("No. " if wrong else "Yes. ") + introduction(character))]


def can_you(character):
    """Yes to a skill that the system prompt lists, no to anything else."""
    rng = character.rng
    if rng.random() < 0.45:
        skill = rng.choice(character.skills)
        return [("user", ask(rng, "{can|could} you %x%?", x=skill)), ("assistant", f"Yes, I can {skill}. Please give me the text.")]
    request = say(rng, rng.choice(_CANNOT) if rng.random() < 0.5 else _CANNOT[0], thing=character.values.thing())
    question = ask(rng, "{can|could|will|would} you %x%{| for me}?", x=request)
    return [("user", question), ("assistant", f"No, I cannot {request}. I can {character.skill_list}.")]


def unknown(character):
    """Questions about the world that no text in the conversation answers."""
    rng, values = character.rng, character.values
    template = rng.choice(_WORLD)
    request = ask(rng, template, town=values.place(), Town=values.place(), thing=values.noun(), person=values.person(), company=values.company(),
                  a=rng.randint(2, 9999), b=rng.randint(2, 999), year=rng.randint(1900, 2030))
    return [("user", request), ("assistant", UNKNOWN)]


def vague(character):
    """Requests without anything to work on."""
    return [("user", ask(character.rng, _VAGUE)), ("assistant", "Gladly. Please paste the text and tell me what you need.")]
