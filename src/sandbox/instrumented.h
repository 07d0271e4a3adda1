/* Whether this build carries a run-time library (sanitizers, coverage) that opens files, starts a helper and looks into memory
 * when the program ends. Such a build is for tests: its sandbox lets it. */
#ifndef WTL_SANDBOX_INSTRUMENTED_H
#define WTL_SANDBOX_INSTRUMENTED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(WTL_COVERAGE)
#define WTL_SANDBOX_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WTL_SANDBOX_INSTRUMENTED 1
#endif
#endif
#ifndef WTL_SANDBOX_INSTRUMENTED
#define WTL_SANDBOX_INSTRUMENTED 0
#endif

#endif
