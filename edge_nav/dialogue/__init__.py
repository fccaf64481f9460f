"""From a question in words to an answer: intents, measured answers, the settings that a voice can change."""
