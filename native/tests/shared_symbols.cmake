# The objects of instruction sets above the baseline must not define inline functions that other objects may define too:
# the linker keeps one of them for all, and a machine without those instructions could be given it.
set(checked 0)
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "isa_(avx2|avx512|neon)")
    continue()
  endif()
  math(EXPR checked "${checked} + 1")
  execute_process(COMMAND ${NM} -C --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE ";" "," symbols "${symbols}")
  string(REPLACE "\n" ";" symbols "${symbols}")
  foreach(symbol IN LISTS symbols)
    # DW.ref: where to find the handler of exceptions, which is no code.
    if(symbol MATCHES "^[0-9a-f]+ [WVu] " AND NOT symbol MATCHES "avx2::|avx512::|neon::|DW\\.ref\\.")
      message(SEND_ERROR "${object} shares ${symbol}")
    endif()
  endforeach()
endforeach()
message("${checked} objects checked")
