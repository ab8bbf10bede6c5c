# Writes a source file with two fingerprints of what this program is made of: of the models and of
# the method of validation. Runs at build time whenever one of their files changes:
#   cmake -DROOT=. -DOUTPUT=fingerprint.cpp -P fingerprint.cmake
# A fingerprint is the SHA-256 of lines "SHA-256  path", sorted by path, as sha256sum prints them;
# tools/dev/holdout.py computes it from the tree and compares.
function(fingerprint result)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ARGN})
  list(SORT files)
  set(lines "")
  foreach(file ${files})
    file(SHA256 ${ROOT}/${file} hash)
    string(APPEND lines "${hash}  ${file}\n")
  endforeach()
  string(SHA256 hash "${lines}")
  set(${result} ${hash} PARENT_SCOPE)
endfunction()

fingerprint(model ${ROOT}/sim/*.cpp ${ROOT}/sim/*.hpp ${ROOT}/models/*.cpp ${ROOT}/models/*.hpp
  ${ROOT}/scenarios/*.cpp ${ROOT}/scenarios/*.hpp ${ROOT}/scenarios/machines/*.yaml)
fingerprint(method ${ROOT}/validation/*.cpp ${ROOT}/validation/*.hpp ${ROOT}/validation/*.py)
file(WRITE ${OUTPUT} "#include \"tools/cli/version.hpp\"\n
namespace timeslice::tools {\n
std::string_view model_fingerprint() {\n  return \"${model}\";\n}\n
std::string_view method_fingerprint() {\n  return \"${method}\";\n}\n
}  // namespace timeslice::tools\n")
