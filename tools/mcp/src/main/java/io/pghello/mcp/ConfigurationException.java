// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import java.io.Serial;

/** Says in a sentence why the program does not start. */
final class ConfigurationException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  ConfigurationException(String message) {
    super(message);
  }
}
