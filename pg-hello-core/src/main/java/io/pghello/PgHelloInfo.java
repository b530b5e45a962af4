// SPDX-License-Identifier: MIT
package io.pghello;

import java.util.Objects;
import java.util.Set;

/**
 * The versions of the server and the extension that a client uses, and the extension's functions.
 * {@link PgHelloOperations#info} returns it.
 *
 * <p>Immutable. Two instances are equal if all their values are equal.
 */
public final class PgHelloInfo {
  private final String serverVersion;
  private final String extensionVersion;
  private final String schema;
  private final int defaultRepeat;
  private final Set<String> functions;

  /**
   * Creates an instance, for tests of programs that use the client. Arguments must not be null.
   *
   * @param serverVersion the version of PostgreSQL
   * @param extensionVersion the version of the extension
   * @param schema the extension's schema
   * @param defaultRepeat the default number of repetitions for {@code hello(name)}
   * @param functions the signatures of the functions; copied
   */
  public PgHelloInfo(
      String serverVersion,
      String extensionVersion,
      String schema,
      int defaultRepeat,
      Set<String> functions) {
    this.serverVersion = Objects.requireNonNull(serverVersion, "serverVersion");
    this.extensionVersion = Objects.requireNonNull(extensionVersion, "extensionVersion");
    this.schema = Objects.requireNonNull(schema, "schema");
    this.defaultRepeat = defaultRepeat;
    this.functions = Set.copyOf(functions);
  }

  /**
   * Returns the version of PostgreSQL, for example {@code 17.5}, including the packager's suffix.
   */
  public String serverVersion() {
    return serverVersion;
  }

  /** Returns the version of the extension in this database, for example {@code 1.1}. */
  public String extensionVersion() {
    return extensionVersion;
  }

  /** Returns the extension's schema, quoted if SQL requires it. */
  public String schema() {
    return schema;
  }

  /**
   * Returns the number of times that {@code hello(name)} repeats the greeting in sessions of this
   * client.
   */
  public int defaultRepeat() {
    return defaultRepeat;
  }

  /**
   * Returns the signatures of the installed functions, for example {@code pg_hello(text,integer)}.
   * Unmodifiable.
   */
  public Set<String> functions() {
    return functions;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PgHelloInfo info
        && serverVersion.equals(info.serverVersion)
        && extensionVersion.equals(info.extensionVersion)
        && schema.equals(info.schema)
        && defaultRepeat == info.defaultRepeat
        && functions.equals(info.functions);
  }

  @Override
  public int hashCode() {
    return Objects.hash(serverVersion, extensionVersion, schema, defaultRepeat, functions);
  }

  @Override
  public String toString() {
    return "PgHelloInfo[serverVersion="
        + serverVersion
        + ", extensionVersion="
        + extensionVersion
        + ", schema="
        + schema
        + ", defaultRepeat="
        + defaultRepeat
        + ", functions="
        + functions
        + "]";
  }
}
