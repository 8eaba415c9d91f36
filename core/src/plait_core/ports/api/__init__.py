"""
The documents of the HTTP API: what a server and its clients say to each other, a module for each part of it.

Written and read by ``plait_core.ir.codec`` as JSON; rows and templates travel in the same form in which they are stored. What is
added has a default, so that a client and a server of neighbouring versions understand each other. Lists come in pages: the ``token``
of a page asks for the next one, and is empty on the last.
"""

from plait_core.ports.api.accounts import (
    AuditPage,
    Identity,
    LoginLink,
    LoginLinkRequest,
    NewToken,
    ProjectList,
    ProjectRequest,
    TokenInfo,
    TokenList,
    TokenRequest,
)
from plait_core.ports.api.answers import API_VERSION, Problem, Readiness, ReadinessCheck
from plait_core.ports.api.entities import ActivationRequest, EntityPage, EntitySummary, RegisterReply, RegisterRequest
from plait_core.ports.api.executions import (
    AttemptPage,
    ExecutionDetail,
    ExecutionPage,
    ExecutionSummary,
    NodeDetail,
    NodePage,
)
from plait_core.ports.api.requests import (
    AbortRequest,
    ArchiveRequest,
    LaunchRequest,
    RelaunchRequest,
    RerunPlan,
    RerunRequest,
    RerunStep,
    SignalRequest,
)
from plait_core.ports.api.sweeps import LONGEST_S, SweepReply, SweepRequest, SweptExecution
from plait_core.ports.api.transfers import DownloadRequest, DownloadTicket, UploadRequest, UploadTicket

__all__ = [
    "API_VERSION",
    "LONGEST_S",
    "AbortRequest",
    "ActivationRequest",
    "ArchiveRequest",
    "AttemptPage",
    "AuditPage",
    "DownloadRequest",
    "DownloadTicket",
    "EntityPage",
    "EntitySummary",
    "ExecutionDetail",
    "ExecutionPage",
    "ExecutionSummary",
    "Identity",
    "LaunchRequest",
    "LoginLink",
    "LoginLinkRequest",
    "NewToken",
    "NodeDetail",
    "NodePage",
    "Problem",
    "ProjectList",
    "ProjectRequest",
    "Readiness",
    "ReadinessCheck",
    "RegisterReply",
    "RegisterRequest",
    "RelaunchRequest",
    "RerunPlan",
    "RerunRequest",
    "RerunStep",
    "SignalRequest",
    "SweepReply",
    "SweepRequest",
    "SweptExecution",
    "TokenInfo",
    "TokenList",
    "TokenRequest",
    "UploadRequest",
    "UploadTicket",
]
