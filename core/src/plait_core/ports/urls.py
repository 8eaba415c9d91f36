"""URLs of stores, as people may see them: in messages, logs and lists of settings."""


def shown_url(url: str) -> str:
    """Return *url* without the password that may be in it; what is no URL stays as it is."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    address, _, query = rest.partition("?")
    user, at, where = address.rpartition("@")
    kept = "&".join(option for option in query.split("&") if "password" not in option.partition("=")[0])
    return f"{scheme}://{user.partition(':')[0]}{at}{where}{'?' if kept else ''}{kept}"
