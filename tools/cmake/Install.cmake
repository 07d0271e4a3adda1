# Programs in bin, the library in lib, and beside it lib/wattle with what was built for Wattle alone. Everything finds
# the rest from where it lies ($ORIGIN), so an installed tree may be moved.
set(private_dir ${CMAKE_INSTALL_LIBDIR}/wattle)

install(TARGETS wattle LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Not in OpenSSL's own folder of modules: that is another package's, and differs between systems. openssl.cnf names the file.
install(TARGETS wtl_mod_module LIBRARY DESTINATION ${private_dir})
install(DIRECTORY include/wattle DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(room IN LISTS WATTLE_ROOMS)
  if(TARGET wtl_prog_${room})
    if(room STREQUAL "cli")
      install(TARGETS wtl_prog_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    else()
      install(TARGETS wtl_prog_${room} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/wattle)
      if(WATTLE_OPENSSL_PRIVATE)
        set_target_properties(wtl_prog_${room} PROPERTIES INSTALL_RPATH "$ORIGIN/../../${CMAKE_INSTALL_LIBDIR}/wattle")
      endif()
    endif()
  endif()
endforeach()

# The program writes its own manual pages and completions. Instrumented builds are not installed.
if(TARGET wtl_prog_cli AND NOT WATTLE_SANITIZE AND NOT WATTLE_FUZZ AND NOT WATTLE_COVERAGE)
  set(share ${CMAKE_BINARY_DIR}/share)
  add_custom_command(OUTPUT ${share}/man/man1/wattle.1
    COMMAND bash ${CMAKE_SOURCE_DIR}/tools/share $<TARGET_FILE:wtl_prog_cli> ${share}
    DEPENDS wtl_prog_cli tools/share VERBATIM)
  add_custom_target(share ALL DEPENDS ${share}/man/man1/wattle.1)
  add_dependencies(product share)
  install(DIRECTORY ${share}/man/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(DIRECTORY ${share}/bash-completion ${share}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR})
endif()

# Settings for other people's programs: dist/<program>/<file> as it is, and <file>.in with the paths of the tree that is being installed.
install(DIRECTORY dist/ DESTINATION ${CMAKE_INSTALL_DATADIR}/wattle PATTERN "*.in" EXCLUDE)
install(CODE "
  set(share \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/wattle)
  set(dir \${share}/openssl)
  set(libdir \${CMAKE_INSTALL_PREFIX}/${private_dir})
  set(module \${libdir}/wattle.so)
  file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/dist ${CMAKE_SOURCE_DIR}/dist/*.in)
  foreach(file IN LISTS files)
    string(REGEX REPLACE \"[.]in$\" \"\" plain \${file})
    message(STATUS \"Installing: \$ENV{DESTDIR}\${share}/\${plain}\")
    configure_file(${CMAKE_SOURCE_DIR}/dist/\${file} \$ENV{DESTDIR}\${share}/\${plain} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endforeach()")

# wattle.pc asks for no other package: what include/wattle shows of OpenSSL and jansson is nothing.
configure_file(tools/cmake/wattle.pc.in ${CMAKE_BINARY_DIR}/generated/wattle.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/wattle.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(WATTLE_OPENSSL_PRIVATE)
  set_target_properties(wattle PROPERTIES INSTALL_RPATH "$ORIGIN/wattle")
  set_target_properties(wtl_mod_module PROPERTIES INSTALL_RPATH "$ORIGIN")
  foreach(name crypto ssl)
    file(REAL_PATH ${WATTLE_OPENSSL_LIBDIR}/lib${name}.so.3 carried)
    install(PROGRAMS ${carried} DESTINATION ${private_dir} RENAME lib${name}.so.3)
  endforeach()
  find_program(PATCHELF patchelf REQUIRED)
  # An OpenSSL that somebody else built may have a path of his machine in it.
  install(CODE "
    foreach(name crypto ssl)
      execute_process(COMMAND ${PATCHELF} --set-rpath \\$ORIGIN
        \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${private_dir}/lib\${name}.so.3 COMMAND_ERROR_IS_FATAL ANY)
    endforeach()")
endif()
