# cmake -DPAGES=a.md;b.md -DOUTPUT=pages.c -P embed.cmake
#
# Writes the runbooks as a C table, for agent/runbook.h.  One string for each line, so
# that the file can be read and no compiler meets a line that is too long for it.

set(table "")
foreach(page ${PAGES})
  get_filename_component(name ${page} NAME_WE)
  file(READ ${page} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  string(APPEND table "    {\"${name}\",\n     \"${text}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "/* Made by runbooks/embed.cmake. */
#include \"agent/runbook.h\"

const struct runbook_page runbook_pages[] = {
${table}    {0},
};
")
