"""`prefetch(array, row, column)` for numba code: ask for a cache line that will soon be read.

A hint to the processor (LLVM's `llvm.prefetch`): it changes no value, never faults, and is left out
where the processor has none.  `array` is 2-d; places are not checked and may lie outside.
`prefetch` brings the line into the second-level cache, `prefetch_soon` into the first.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

TO_READ, DATA = 0, 1
SECOND_LEVEL, FIRST_LEVEL = 2, 3


def _hint(cache_level: int) -> Any:
    def prefetch(_typing, array, _row, _column):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = signature.args[0]
            struct = context.make_array(kind)(context, builder, args[0])
            item = cgutils.get_item_pointer(
                context, builder, kind, struct, [args[1], args[2]], wraparound=False
            )
            pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            shape = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
            hint = builder.module.declare_intrinsic("llvm.prefetch", (pointer,), shape)
            numbers = [word(TO_READ), word(cache_level), word(DATA)]
            builder.call(hint, [builder.bitcast(item, pointer), *numbers])
            return context.get_dummy_value()

        return types.void(array, types.intp, types.intp), generate

    return intrinsic(prefetch)


prefetch = _hint(SECOND_LEVEL)
prefetch_soon = _hint(FIRST_LEVEL)
