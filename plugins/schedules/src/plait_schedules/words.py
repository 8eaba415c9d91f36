"""
Words: a cron expression as a person would say it.

Called for lists and previews. What does not fit a common pattern is shown as written.
"""

_DAYS = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def describe_cron(expression: str, zone_name: str, offset_s: int) -> str:
    """Say when *expression* happens: ``at 09:00 on weekdays (Europe/Berlin)``, ``every 5 minutes``."""
    minute, hour, *days = expression.split()
    said = _pace(minute) if (hour, *days) == ("*",) * 4 else _time(minute, hour, *days)
    zone = "" if said.startswith("every") else f" ({zone_name})"
    shift = f", {abs(offset_s)} s {'later' if offset_s > 0 else 'earlier'}" if offset_s else ""
    return f"{said or f'cron {expression}'}{zone}{shift}"


def _pace(minute: str) -> str:
    if minute == "*":
        return "every minute"
    if minute.startswith("*/") and minute[2:].isdecimal() and 60 % int(minute[2:]) == 0:
        return f"every {minute[2:]} minutes"
    if minute.isdecimal():
        return "every hour" if minute == "0" else f"every hour at minute {minute}"
    return ""


def _time(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    """Say a time of the day on days that follow one rule, or nothing."""
    when = _days(day, month, weekday)
    if not when or not (minute.isdecimal() and hour.isdecimal()):
        return ""
    return f"at {int(hour):02}:{int(minute):02} {when}"


def _days(day: str, month: str, weekday: str) -> str:
    if (day, month) == ("*", "*"):
        if weekday in {"1-5", "mon-fri"}:
            return "on weekdays"
        number = _DAY_NAMES.index(weekday) if weekday in _DAY_NAMES else weekday
        return "every day" if weekday == "*" else f"on {_DAYS[int(number)]}" if str(number).isdecimal() else ""
    if weekday != "*" or not day.isdecimal():
        return ""
    if month == "*":
        return f"on day {int(day)} of every month"
    return f"on {int(day)} {_MONTHS[int(month) - 1]}" if month.isdecimal() else ""
