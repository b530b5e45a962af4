// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** Names of settings, to be given to Hibernate as any of its own. */
public final class PgHelloSettings {
  /**
   * The schema that the extension is in, without quotes, as in {@code extensions}. By default the
   * functions are called without one, and so found on the session's {@code search_path}.
   */
  public static final String SCHEMA = "pghello.schema";

  private PgHelloSettings() {}
}
