"""
The tags by which stored forms tell alternatives apart; read by ``plait_core.ir.codec``.

A tag is a promise to stored data: a class may be renamed, its tag never. A changed decision gets a new class with a
new tag, and the old one keeps its own for as long as histories that hold it are replayed.
"""

from collections.abc import Mapping

from plait_core.ir import events, literals, tasks, units, workflows
from plait_core.ir import types as literal_types

TAGS: Mapping[type, str] = {
    # decisions
    events.ExecutionStarted: "execution_started",
    events.LeaseTaken: "lease_taken",
    events.AbortRequested: "abort_requested",
    events.ExecutionEnded: "execution_ended",
    events.ScopeFailing: "scope_failing",
    events.FailureNodeStarted: "failure_node_started",
    events.NodeStarted: "node_started",
    events.NodeSucceeded: "node_succeeded",
    events.NodeEnded: "node_ended",
    events.CancelRequested: "cancel_requested",
    events.BranchTaken: "branch_taken",
    events.GateOpened: "gate_opened",
    events.ValueRequested: "value_requested",
    events.ValueLoaded: "value_loaded",
    events.ChildStarted: "child_started",
    events.ChildCalled: "child_called",
    events.ReuseRequested: "reuse_requested",
    events.NodeRecovered: "node_recovered",
    events.ReuseDeclined: "reuse_declined",
    events.CacheRequested: "cache_requested",
    events.CacheAnswered: "cache_answered",
    events.AttemptScheduled: "attempt_scheduled",
    events.AttemptDue: "attempt_due",
    events.AttemptMoved: "attempt_moved",
    events.AttemptFailed: "attempt_failed",
    events.AttemptStopped: "attempt_stopped",
    events.FragmentReceived: "fragment_received",
    events.FragmentCompiled: "fragment_compiled",
    events.ElementsScheduled: "elements_scheduled",
    events.ElementsMissed: "elements_missed",
    events.ElementsSucceeded: "elements_succeeded",
    events.SignalReceived: "signal_received",
    # values; a primitive's tag is its kind
    literals.Blob: "blob",
    literals.Binary: "binary",
    literals.NoneValue: "none",
    literals.ErrorValue: "error",
    literals.Generic: "generic",
    literals.StructuredDatasetValue: "structured_dataset",
    literals.UnionValue: "union",
    literals.Collection: "collection",
    literals.MapValue: "map",
    literals.Offloaded: "offloaded",
    # types; a simple type is its bare name
    literal_types.CollectionType: "collection",
    literal_types.MapType: "map",
    literal_types.BlobType: "blob",
    literal_types.EnumType: "enum",
    literal_types.UnionType: "union",
    literal_types.StructuredDatasetType: "structured_dataset",
    # graphs
    workflows.Promise: "promise",
    workflows.Const: "const",
    workflows.BindingCollection: "collection",
    workflows.BindingMap: "map",
    workflows.Compare: "compare",
    workflows.Combine: "combine",
    workflows.TaskRef: "task",
    workflows.SubWorkflowRef: "sub_workflow",
    workflows.LaunchPlanRef: "launch_plan",
    workflows.Branch: "branch",
    workflows.Gate: "gate",
    workflows.Array: "array",
    workflows.Approve: "approve",
    workflows.WaitForInput: "wait_for_input",
    workflows.Sleep: "sleep",
    # tasks and units
    tasks.Container: "container",
    tasks.PodSpec: "pod",
    tasks.Sql: "sql",
    units.FunctionCall: "function",
    units.CommandLine: "command",
    units.ContainerRun: "container_run",
}
"""Class -> tag, for every class that is one of several alternatives; unique within each union."""
