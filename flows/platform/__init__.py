"""The local platform: every server of the twin as a supervised process, with state in `$TWIN_HOME`.

`settings` (addresses) → `services` (what to run, pure) → `supervisor` (up and down), `status`, `doctor`, over
`launch`, `processes` and `run_files`; `home_schema` and `backups` keep the home.
"""
