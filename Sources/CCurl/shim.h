#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

// The type checks are macros for C programs; the functions below have their types in their signatures.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Swift cannot call C variadic functions; these are the variadic calls with every argument typed.

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
  return (curl_easy_setopt)(handle, option, value);
}

/// libcurl copies the string.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
  return (curl_easy_setopt)(handle, option, value);
}

/// The list must live as long as the transfer.
static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return (curl_easy_setopt)(handle, option, value);
}

typedef size_t (*ccurl_receiver)(char *bytes, size_t size, size_t count, void *context);

/// What takes response headers, one line a call, and the body, in pieces. Both return how many bytes they took; any other
/// number than was offered ends the transfer.
static inline CURLcode ccurl_set_receivers(CURL *handle, ccurl_receiver header, ccurl_receiver body, void *context) {
  CURLcode code = (curl_easy_setopt)(handle, CURLOPT_HEADERFUNCTION, header);
  if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_HEADERDATA, context);
  if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, body);
  if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_WRITEDATA, context);
  return code;
}

/// Refuses every protocol but HTTP and HTTPS; libcurl speaks two dozen.
static inline CURLcode ccurl_allow_http_only(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return (curl_easy_setopt)(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  return (curl_easy_setopt)(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// The address that the last transfer asked; the string is the handle's.
static inline CURLcode ccurl_effective_url(CURL *handle, char **address) {
  return (curl_easy_getinfo)(handle, CURLINFO_EFFECTIVE_URL, address);
}

/// `CURL_GLOBAL_DEFAULT`, which Swift cannot read: it is a sum of macros.
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

#endif
