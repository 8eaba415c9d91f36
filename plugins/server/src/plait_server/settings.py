"""The settings of plait_server: the table ``[plugins.server]``."""

import attrs


@attrs.frozen(kw_only=True)
class ServerSettings:
    """
    How the server listens, and what it accepts.

    Attributes:
        host: Address to listen on; the loopback by default, so that nobody else can reach it.
        port: Port to listen on; 0 for any that is free.
        url: Origin, with a prefix if any, by which browsers and clients reach the server; ``http://localhost:<port>`` by default.
        pool: Name of the pool whose executions the engines of this server drive.
        allowed_hosts: Names by which the server may be addressed, ``*`` for any; by default those of the loopback if it listens there.
        authenticators: Names of plugins' ways to recognise callers, asked in this order after the server's own tokens.
        logout_url: Where people log out whom an authenticator knows; the console leads there. Without it, it offers them no way out.
        domains: The domains that every project has.
        max_body_bytes: Size of the largest request body that is no upload, in bytes.
        max_upload_bytes: Size of the largest upload, in bytes.
        ticket_s: How long signed URLs are valid, in seconds > 0.
    """

    host: str = "127.0.0.1"
    port: int = attrs.field(default=30080, validator=[attrs.validators.ge(0), attrs.validators.le(65535)])
    url: str = ""
    pool: str = "default"
    allowed_hosts: tuple[str, ...] = ()
    authenticators: tuple[str, ...] = ()
    logout_url: str = ""
    domains: tuple[str, ...] = ("development", "staging", "production")
    max_body_bytes: int = attrs.field(default=16 << 20, validator=attrs.validators.gt(0))
    max_upload_bytes: int = attrs.field(default=5 << 30, validator=attrs.validators.gt(0))
    ticket_s: float = attrs.field(default=900.0, validator=attrs.validators.gt(0))
