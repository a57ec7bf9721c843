"""`prefetch(array, row, column)` for numba code: ask for a cache line that will soon be read.

A hint to the processor (LLVM's `llvm.prefetch`, into the second-level cache): it changes no value,
never faults and is left out where the processor has none.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

TO_READ, NEAR, DATA = 0, 2, 1


@intrinsic
def prefetch(typingctx, array, row, column):  # type: ignore[no-untyped-def]
    """Of a 2-d array; rows and columns count from 0 and are not checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        struct = context.make_array(kind)(context, builder, args[0])
        item = cgutils.get_item_pointer(
            context, builder, kind, struct, [args[1], args[2]], wraparound=False
        )
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        hint = builder.module.declare_intrinsic("llvm.prefetch", (pointer,), shape)
        builder.call(
            hint, [builder.bitcast(item, pointer), word(TO_READ), word(NEAR), word(DATA)]
        )
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate
