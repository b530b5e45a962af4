// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.util.Objects;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * The address of a database, in parts. The password is a separate part, because it must not be
 * passed on a command line, which other users can read.
 */
public record Address(String host, int port, String database, String user, String password) {

  /** Parses the URL of a test database. */
  public static Address of(String url) {
    Properties parts = Objects.requireNonNull(Driver.parseURL(url, new Properties()));
    return new Address(
        part(parts, PGProperty.PG_HOST),
        Integer.parseInt(part(parts, PGProperty.PG_PORT)),
        part(parts, PGProperty.PG_DBNAME),
        part(parts, PGProperty.USER),
        part(parts, PGProperty.PASSWORD));
  }

  private static String part(Properties parts, PGProperty property) {
    return Objects.requireNonNull(property.getOrDefault(parts), property.getName());
  }

  /** Returns a copy with another host and port. */
  public Address via(String otherHost, int otherPort) {
    return new Address(otherHost, otherPort, database, user, password);
  }

  /** Returns a JDBC URL without the user and password. */
  public String jdbcUrl() {
    return "jdbc:postgresql://" + host + ":" + port + "/" + database;
  }

  /** Omits the password. */
  @Override
  public String toString() {
    return jdbcUrl();
  }
}
