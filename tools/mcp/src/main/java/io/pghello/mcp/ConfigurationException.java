// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import java.io.Serial;

/** Thrown if the program cannot start. The message is for the user. */
final class ConfigurationException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  ConfigurationException(String message) {
    super(message);
  }
}
