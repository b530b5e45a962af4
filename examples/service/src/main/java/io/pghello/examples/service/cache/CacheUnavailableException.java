// SPDX-License-Identifier: MIT
package io.pghello.examples.service.cache;

import java.io.Serial;

/** The cache cannot be asked. */
public final class CacheUnavailableException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  CacheUnavailableException(RuntimeException cause) {
    super("the cache does not answer", cause);
  }
}
