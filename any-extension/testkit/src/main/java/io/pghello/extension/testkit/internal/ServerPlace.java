// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The place of the server that tests use.
 *
 * @param property the system property with the place
 * @param variable the environment variable that is used if the property is not set
 * @param value {@link #EMBEDDED}; {@link #LOCAL} or one that begins with it and a colon; {@code
 *     container}, so too; or a JDBC URL
 */
public record ServerPlace(String property, String variable, String value) {
  /** A server from the class path. */
  public static final String EMBEDDED = "embedded";

  /** An installed server. */
  public static final String LOCAL = "local";

  /** The system property of servers with any extensions. */
  public static final String PROPERTY = "pg-extension.server";

  private static final String VARIABLE = "PG_EXTENSION_SERVER";
  private static final String CONTAINER = "container";
  private static final String URL = "jdbc:postgresql:";
  // only a URL contains these characters, and possibly a password
  private static final Pattern SECRET = Pattern.compile("://|password=");
  private static final Pattern IMAGE = Pattern.compile("[^@]+(@sha256:[0-9a-f]{64})?");

  /**
   * Refuses a value that is none.
   *
   * @throws IllegalArgumentException if it is one; the message names those there are
   */
  public ServerPlace {
    if (!value.startsWith(URL)
        && (SECRET.matcher(value).find() || !(isOurs(value) || isContainer(value)))) {
      throw refusal(
          property,
          variable,
          value,
          ", local:PATH of a pg_config, container, container:IMAGE, or a JDBC URL that begins with "
              + URL);
    }
  }

  /**
   * Returns the place in a system property, otherwise in an environment variable. Default: {@link
   * #EMBEDDED}.
   */
  public static ServerPlace of(String property, String variable) {
    return new ServerPlace(property, variable, read(property, variable));
  }

  private static String read(String property, String variable) {
    String set = System.getProperty(property);
    String value = set != null ? set : System.getenv(variable);
    return value == null || value.isBlank() ? EMBEDDED : value;
  }

  /** Returns the place of servers with any extensions; see {@link #of}. */
  public static ServerPlace ofAny() {
    return of(PROPERTY, VARIABLE);
  }

  /**
   * Returns the place of a server that has to be embedded or installed.
   *
   * @param asked the requested place; null or blank for the value of {@link #PROPERTY} or the
   *     environment
   * @throws IllegalArgumentException if it is invalid
   */
  public static String ofOurs(@Nullable String asked) {
    String value = asked == null || asked.isBlank() ? read(PROPERTY, VARIABLE) : asked;
    if (!isOurs(value) || SECRET.matcher(value).find()) {
      throw refusal(PROPERTY, VARIABLE, value, " or local:PATH of a pg_config");
    }
    return value;
  }

  private static IllegalArgumentException refusal(
      String property, String variable, String value, String more) {
    return new IllegalArgumentException(
        property
            + " (or "
            + variable
            + ") is \""
            + shown(value)
            + "\"; use embedded, local, local:MAJOR"
            + more);
  }

  /** Shortens values that may contain a password. */
  private static String shown(String value) {
    return value.matches("[^?=@]*") ? value : value.split("[:/?=@]", 2)[0] + ":...";
  }

  /** Returns whether this JVM starts the server: {@link #EMBEDDED} or installed. */
  public boolean isOurs() {
    return isOurs(value);
  }

  private static boolean isOurs(String value) {
    return value.equals(EMBEDDED) || isLocal(value);
  }

  /** Returns the place of servers that this JVM starts in any case. */
  public String ours() {
    return isOurs() ? value : EMBEDDED;
  }

  /**
   * Returns whether a place is an installed server: {@link #LOCAL}, perhaps with a colon and a
   * major, or the path of a {@code pg_config} or of the folder in which that is.
   */
  public static boolean isLocal(String value) {
    return is(value, LOCAL);
  }

  private static boolean isContainer(String value) {
    return is(value, CONTAINER) && IMAGE.matcher(value).matches();
  }

  private static boolean is(String value, String kind) {
    return value.equals(kind)
        || (value.startsWith(kind + ":") && value.length() > kind.length() + 1);
  }

  /** Returns whether it is a server that is there already. */
  boolean isUrl() {
    return value.startsWith(URL);
  }
}
