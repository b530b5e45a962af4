// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import io.pghello.examples.web.Problems;
import java.io.Serial;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/**
 * Thrown if the cache is unavailable. In that case, the cache may still contain the entries to be
 * evicted.
 */
final class CacheUnavailableException extends ErrorResponseException {
  @Serial private static final long serialVersionUID = 1L;

  CacheUnavailableException(RuntimeException cause) {
    super(
        HttpStatus.SERVICE_UNAVAILABLE,
        Problems.of(
            HttpStatus.SERVICE_UNAVAILABLE, "CACHE_UNAVAILABLE", "The cache is not available."),
        cause);
    getHeaders().set(HttpHeaders.RETRY_AFTER, Problems.RETRY_SECONDS);
  }
}
