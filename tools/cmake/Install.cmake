# Programs in bin, the library in lib, and beside it lib/wattle with what was built for Wattle alone. Everything finds
# the rest from where it lies ($ORIGIN), so an installed tree may be moved.
set(private_dir ${CMAKE_INSTALL_LIBDIR}/wattle)

install(TARGETS wattle LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/wattle DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(room IN LISTS WATTLE_ROOMS)
  if(TARGET wtl_prog_${room})
    install(TARGETS wtl_prog_${room} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

file(GLOB pages ${CMAKE_SOURCE_DIR}/docs/man/*.1)
if(pages)
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

# wattle.pc asks for no other package: what include/wattle shows of OpenSSL and jansson is nothing.
configure_file(tools/cmake/wattle.pc.in ${CMAKE_BINARY_DIR}/generated/wattle.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/wattle.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(WATTLE_OPENSSL_PRIVATE)
  set_target_properties(wattle PROPERTIES INSTALL_RPATH "$ORIGIN/wattle")
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
