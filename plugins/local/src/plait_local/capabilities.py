"""What the executors of this plugin can do; known to the engine before either is made."""

from plait_core.ir.units import FunctionCall
from plait_core.ports.executors import Capabilities

INLINE = Capabilities(
    actions=(FunctionCall,),
    can_time_out=False,
    carries_files=False,
    secret_deliveries=("memory",),
    is_isolated=False,
    shares_identity=True,
)
PROCESS = Capabilities(actions=(FunctionCall,), secret_deliveries=("memory", "env", "file"), shares_identity=True)
