// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.ArtifactVersions;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The location of the server that tests use, as set by a system property or an environment
 * variable.
 *
 * @param value {@link #EMBEDDED} or {@link #LOCAL}, each optionally with a colon and a major
 *     version, {@code local:} with a path, {@code container}, {@code container:} with an image, or
 *     a JDBC URL
 */
public record ServerLocation(String value) {
  /** The value that selects the server archive on the class path. */
  public static final String EMBEDDED = "embedded";

  /** The value that selects an installed server. */
  public static final String LOCAL = "local";

  /** The system property that selects the server. */
  public static final String PROPERTY = "pg-extension.server";

  /** The environment variable that selects the server if the property is not set. */
  public static final String VARIABLE = "PG_EXTENSION_SERVER";

  private static final String CONTAINER = "container";
  private static final String URL = "jdbc:postgresql:";
  // matches URLs, which may contain a password, but none of the other valid values
  private static final Pattern SECRET = Pattern.compile("://|password=");
  private static final Pattern OF_MAJOR =
      Pattern.compile("(" + EMBEDDED + "|" + LOCAL + ")(:\\d{1,3})?");
  private static final Pattern IMAGE = Pattern.compile("[^@]+(@sha256:[0-9a-f]{64})?");

  /**
   * Validates the value.
   *
   * @throws IllegalArgumentException if the value is invalid; the message lists the valid ones
   */
  public ServerLocation {
    if (!value.startsWith(URL)
        && (SECRET.matcher(value).find() || !(isOurs(value) || isContainer(value)))) {
      throw refusal(
          PROPERTY + " (or " + VARIABLE + ")",
          value,
          ", local:PATH of a pg_config, container, container:IMAGE, or a JDBC URL that begins with "
              + URL);
    }
  }

  /**
   * Returns the location set by {@link #PROPERTY}, or by the corresponding environment variable if
   * the property is not set. Default: {@link #EMBEDDED}.
   */
  public static ServerLocation ofAny() {
    ArtifactVersions.requireSame(ServerLocation.class, PackedExtension.class);
    return new ServerLocation(read());
  }

  private static String read() {
    String set = System.getProperty(PROPERTY);
    String value = set != null ? set : System.getenv(VARIABLE);
    return value == null || value.isBlank() ? EMBEDDED : value;
  }

  /**
   * Returns the location of a server that must be embedded or installed.
   *
   * @throws IllegalArgumentException if the location is invalid or selects another kind of server
   */
  public static String ofOurs(String value) {
    ArtifactVersions.requireSame(ServerLocation.class, PackedExtension.class);
    if (!isOurs(value) || SECRET.matcher(value).find()) {
      throw refusal("the server", value, " or local:PATH of a pg_config");
    }
    return value;
  }

  private static IllegalArgumentException refusal(String what, String value, String more) {
    return new IllegalArgumentException(
        what
            + " is \""
            + shown(value)
            + "\"; use embedded, embedded:MAJOR, local, local:MAJOR"
            + more);
  }

  /**
   * Returns a value for use in messages. If the value may contain a password, returns only the part
   * before the first separator (colon, slash, question mark, equals sign or at sign).
   */
  private static String shown(String value) {
    return value.matches("[^?=@]*") ? value : value.split("[:/?=@]", 2)[0] + ":...";
  }

  /** Returns whether this JVM starts the server. Such a server is embedded or installed. */
  public boolean isOurs() {
    return isOurs(value);
  }

  private static boolean isOurs(String value) {
    return isLocal(value) || (value.startsWith(EMBEDDED) && OF_MAJOR.matcher(value).matches());
  }

  /**
   * Returns the location of the same kind of server with a major version. Locations that select a
   * container, a running server, or a path are not changed.
   *
   * @param major the major version, or 0 for this location
   * @throws IllegalArgumentException if the testkit does not support this version
   */
  public ServerLocation withMajor(int major) {
    Matcher ofMajor = OF_MAJOR.matcher(value);
    if (major != 0 && major < PostgresDistribution.OLDEST) {
      throw new IllegalArgumentException(
          "major is "
              + major
              + ", but the testkit needs PostgreSQL "
              + PostgresDistribution.OLDEST
              + " or later");
    }
    return major == 0 || !ofMajor.matches()
        ? this
        : new ServerLocation(ofMajor.group(1) + ":" + major);
  }

  /** Returns this location if this JVM starts the server, otherwise {@link #EMBEDDED}. */
  public String ours() {
    return isOurs() ? value : EMBEDDED;
  }

  /**
   * Returns whether a location selects an installed server: {@link #LOCAL}, or {@code local:} with
   * a major version or the path of a {@code pg_config} or its directory.
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

  /** Returns whether the location is the URL of an existing server. */
  public boolean isUrl() {
    return value.startsWith(URL);
  }
}
