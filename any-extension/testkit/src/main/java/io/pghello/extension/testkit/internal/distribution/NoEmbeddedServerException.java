// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

/** Thrown if there is no embedded server of a major version. The message names other servers. */
public final class NoEmbeddedServerException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final String withoutContainers;

  NoEmbeddedServerException(String message, String withoutContainers) {
    super(message);
    this.withoutContainers = withoutContainers;
  }

  /** Returns the message for programs that cannot use a server in a container. */
  public String withoutContainers() {
    return withoutContainers;
  }
}
