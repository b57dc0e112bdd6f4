"""The LLM microservice: `launcher` starts vLLM with what the registry says, `client` asks it over HTTP."""
