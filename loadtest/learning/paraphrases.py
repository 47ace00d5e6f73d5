"""The templates that the questions of medquad follow, and two other ways to ask each.

Every question of one template begins alike, so that a model may learn the template in the place of what is asked. A paraphrase
asks the same in words that the corpus does not give as a question. Written by hand; what is relevant stays the same.
"""

import re

TEMPLATES = {
    "What is (are) {} ?": ("Can you explain to me in simple words what {} means?", "My doctor mentioned {}. Tell me more about it."),
    "What are the symptoms of {} ?": ("How would I notice that somebody has {}?", "Which signs point to {}?"),
    "What are the treatments for {} ?": ("How can doctors help a patient with {}?", "Which therapies are used against {}?"),
    "What are the genetic changes related to {} ?": ("Which genes play a part in {}?", "What mutation lies behind {}?"),
    "How many people are affected by {} ?": ("How common is {}?", "Is {} a rare condition?"),
    "Is {} inherited ?": ("Can parents pass {} on to their children?", "Does {} run in families?"),
    "What causes {} ?": ("Why do people get {}?", "What is the reason that {} develops?"),
    "How to diagnose {} ?": ("By which tests is {} found?", "How does a doctor find out whether I have {}?"),
    "What is the outlook for {} ?": ("What can a patient with {} expect in the years to come?", "How likely is it to recover from {}?"),
    "what research (or clinical trials) is being done for {} ?": (
        "What are scientists working on at present to fight {}?",
        "Which studies of {} are there that patients can join?",
    ),
    "Do you have information about {}": ("I would like to read something about {}.", "Where do I begin to learn about {}?"),
    "Who is at risk for {}? ?": ("Which people are more likely than others to get {}?", "What raises the chance of {}?"),
    "How to prevent {} ?": ("How do I protect myself from {}?", "Can {} be avoided?"),
    "What to do for {} ?": ("Which diet and which habits help with {}?", "What steps should somebody with {} take?"),
    "What are the complications of {} ?": ("Which further problems can follow from {}?", "What can {} lead to?"),
    "What are the stages of {} ?": ("How is it described how far {} has spread?", "Which steps does {} go through as it grows?"),
}


def _pattern(template):
    before, after = template.split("{}")
    return re.compile(f"{re.escape(before)}(.+){re.escape(after)}")


PATTERNS = {template: _pattern(template) for template in TEMPLATES}


def template_of(question):
    """The template that a question follows, and what it asks about; none when it follows none."""
    question = " ".join(question.split())
    for template, pattern in PATTERNS.items():
        found = pattern.fullmatch(question)
        if found:
            return template, found[1].strip()
    return None


def paraphrases(question):
    """The other ways to ask a question; none when it follows no template."""
    found = template_of(question)
    return [other.replace("{}", found[1]) for other in TEMPLATES[found[0]]] if found else []
