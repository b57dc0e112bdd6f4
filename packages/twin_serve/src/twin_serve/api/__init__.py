"""The public API: OpenAI's chat completions with the twin's extras, and what the page needs."""
