#ifndef CMICROHTTPD_SHIM_H
#define CMICROHTTPD_SHIM_H

#include <microhttpd.h>

// Swift cannot call C variadic functions; this is the variadic call with every argument typed.

/// Serves a listening socket on one thread of the library's own. The socket belongs to the daemon from here on.
/// `timeout` in seconds: how long a connection may be silent. Null if the library cannot start.
static inline struct MHD_Daemon *cmicrohttpd_start(int listening, unsigned int connections, unsigned int timeout,
                                                   MHD_AccessHandlerCallback handler, void *context) {
  return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, handler, context, MHD_OPTION_LISTEN_SOCKET,
                          listening, MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT, timeout,
                          MHD_OPTION_END);
}

// Swift sees no names for the values of the library's enumerations; these are the ones needed.

/// The request goes on.
static inline enum MHD_Result cmicrohttpd_yes(void) { return MHD_YES; }
/// The connection is closed.
static inline enum MHD_Result cmicrohttpd_no(void) { return MHD_NO; }

/// A response with a copy of `size` bytes. Null without memory.
static inline struct MHD_Response *cmicrohttpd_response(size_t size, const void *bytes) {
  return MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

#endif
