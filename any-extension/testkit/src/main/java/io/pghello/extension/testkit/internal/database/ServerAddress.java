// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The address of a server, with the data sources and URLs of its databases.
 *
 * @param embedded whether this JVM has started the server
 * @param clearText whether the server may request passwords in clear text
 */
public record ServerAddress(String host, int port, boolean embedded, boolean clearText) {
  // the driver must not send the password in clear text, because another process may have taken the
  // port after the server stopped
  public static final String REQUIRE_AUTH = "requireAuth";
  public static final String NOT_IN_CLEAR_TEXT = "!password";

  /** Returns a data source for a role and a database. */
  public PGSimpleDataSource dataSource(String database, Login login) {
    PGSimpleDataSource dataSource = dataSource(host, port, database, login);
    if (embedded) {
      // do not negotiate encryption with servers that this JVM has started; this saves three round
      // trips
      dataSource.setSslMode("disable");
      dataSource.setAssumeMinServerVersion("9.0");
    }
    return dataSource;
  }

  /** Returns a data source for a different address, such as a proxy. */
  public PGSimpleDataSource dataSource(String host, int port, String database, Login login) {
    PGSimpleDataSource dataSource = source(host, port, database, login);
    if (!clearText) {
      rejectClearText(dataSource);
    }
    return dataSource;
  }

  /**
   * Prevents the driver from sending the password in clear text, if the driver's version supports
   * this.
   */
  public static void rejectClearText(PGSimpleDataSource dataSource) {
    if (PGProperty.forName(REQUIRE_AUTH) != null) {
      try {
        dataSource.setProperty(REQUIRE_AUTH, NOT_IN_CLEAR_TEXT);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  public static PGSimpleDataSource source(String host, int port, String database, Login login) {
    var dataSource = new PGSimpleDataSource();
    dataSource.setServerNames(new String[] {host});
    dataSource.setPortNumbers(new int[] {port});
    dataSource.setDatabaseName(database);
    dataSource.setUser(login.user());
    dataSource.setPassword(login.password());
    return dataSource;
  }

  /** Returns the URL of a database, including user and password. */
  public String url(String database, Login login) {
    String password = login.password();
    return address(database)
        + "?user="
        + encode(login.user())
        + (password == null ? "" : "&password=" + encode(password))
        + (clearText ? "" : "&" + REQUIRE_AUTH + "=" + encode(NOT_IN_CLEAR_TEXT));
  }

  /** Returns the URL of a database without user and password. */
  public String address(String database) {
    // String.format would write the port in the locale's digits
    return "jdbc:postgresql://" + host + ":" + port + "/" + encode(database);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
