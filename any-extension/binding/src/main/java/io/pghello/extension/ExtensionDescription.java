// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.lang.module.ModuleDescriptor.Version;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Describes a native extension: its name, library, functions and versions. A binding (the Java
 * library for an extension) keeps its description in a constant.
 *
 * <pre>{@code
 * static final ExtensionDescription VECTOR =
 *     ExtensionDescription.builder("vector")
 *         .function("l2_distance(vector, vector)", "double precision")
 *         .build();
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class ExtensionDescription {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*");
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z_][a-z0-9_]*");
  private static final Pattern LIBRARY = Pattern.compile("[A-Za-z0-9_$./-]+");

  private final String name;
  private final String library;
  private final String howToInstall;
  private final @Nullable String minimumVersion;
  private final List<ExtensionFunction> functions;
  private final Set<String> signatures;
  private final String sql;

  private ExtensionDescription(Builder builder) {
    this.name = builder.name;
    this.library = builder.library;
    this.howToInstall = builder.howToInstall;
    this.minimumVersion = builder.minimumVersion;
    this.functions = List.copyOf(builder.functions);
    this.signatures = ExtensionProblem.signatures(functions);
    this.sql = Installation.sql(this);
  }

  /**
   * Returns a builder for the description of an extension.
   *
   * @param name the name used in {@code CREATE EXTENSION}: letters, digits, {@code _} and {@code -}
   * @throws IllegalArgumentException if the name is invalid
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /**
   * Returns the description of an extension from an {@link ExtensionProvider} on the class path.
   * Searches the thread's context class loader first, then the class loader of this class. If there
   * is no provider for the extension, returns a description that contains only the name; {@link
   * #inspect} then reports whether the extension has been created in the database, and its schema.
   *
   * @throws IllegalArgumentException if the name is invalid
   * @throws java.util.ServiceConfigurationError if a provider cannot be loaded; the message
   *     contains the provider's name
   */
  public static ExtensionDescription lookup(String name) {
    return Stream.of(
            ServiceLoader.load(ExtensionProvider.class),
            // the class loader of common pool threads may not contain the application
            ServiceLoader.load(ExtensionProvider.class, ExtensionProvider.class.getClassLoader()))
        .flatMap(ServiceLoader::stream)
        .map(provider -> provider.get().extension())
        .filter(extension -> extension.name.equals(name))
        .findFirst()
        .orElseGet(() -> builder(name).build());
  }

  /** Returns the name, without quotes. */
  public String name() {
    return name;
  }

  /** Returns the name for SQL, quoted if necessary. */
  public String quotedName() {
    return PLAIN_NAME.matcher(name).matches() ? name : '"' + name + '"';
  }

  /** Returns the library of the extension's functions, for example {@code $libdir/pg_hello}. */
  public String library() {
    return library;
  }

  /** Returns the remedy to report if the extension's files are not on the server. */
  public String howToInstall() {
    return howToInstall;
  }

  /** Returns the oldest supported version; null if all versions are supported. */
  public @Nullable String minimumVersion() {
    return minimumVersion;
  }

  /** Returns the functions in the order of their definition; unmodifiable. */
  public List<ExtensionFunction> functions() {
    return functions;
  }

  Set<String> signatures() {
    return signatures;
  }

  String sql() {
    return sql;
  }

  /** Returns whether every supported version of the extension contains this function. */
  boolean requires(ExtensionFunction function) {
    String since = function.since();
    return since == null
        || (minimumVersion != null && compare(since, minimumVersion).orElse(0) <= 0);
  }

  /** Compares two versions numerically; empty if either version does not begin with a number. */
  static Optional<Integer> compare(String version, String other) {
    try {
      return Optional.of(
          Version.parse(withDots(version)).compareTo(Version.parse(withDots(other))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * Converts a version to the format of {@link Version}, so that 1.4-1 is newer than 1.4, and
   * 3.4.2dev and 3.4.2RC1 are older than 3.4.2.
   */
  private static String withDots(String version) {
    return version
        .toLowerCase(Locale.ROOT)
        .replaceAll("-(?=\\d)", ".")
        .replaceFirst("(?<=\\d)(?=[a-z])", "-");
  }

  static String checkVersion(String version) {
    if (compare(version, version).isEmpty()) {
      throw new IllegalArgumentException(
          "The version of an extension is \"" + version + "\"; it must begin with a number.");
    }
    return version;
  }

  /**
   * Inspects the installation of the extension in a connection's database. Needs no special
   * privileges, changes nothing, and takes one round trip.
   *
   * @throws SQLException if the query fails, for example in a failed transaction
   * @throws ExtensionException if the server returns the result of another statement
   */
  public Installation inspect(Connection connection) throws SQLException {
    return inspect(connection, null);
  }

  /**
   * Inspects the installation of the extension in a connection's database like {@link
   * #inspect(Connection)}, and reports a problem if the extension is in an unexpected schema.
   *
   * @param schema the expected schema, in quotes or as returned by {@code quote_ident}; null for
   *     any schema
   * @throws SQLException if the query fails, for example in a failed transaction
   * @throws ExtensionException if the server returns the result of another statement
   */
  public Installation inspect(Connection connection, @Nullable String schema) throws SQLException {
    return Installation.find(this, connection, schema, 0);
  }

  /**
   * Inspects the installation of the extension like {@link #inspect(Connection, String)}, with a
   * timeout on the server. If the server does not respond at all, the connection is closed 5
   * seconds after the timeout, unless the connection already has a network timeout.
   *
   * @param schema the expected schema, in quotes or as returned by {@code quote_ident}; null for
   *     any schema
   * @param timeout the timeout; rounded down to whole seconds, at least one second
   * @throws SQLException if the query fails or times out
   * @throws ExtensionException if the server returns the result of another statement
   */
  public Installation inspect(Connection connection, @Nullable String schema, Duration timeout)
      throws SQLException {
    return Installation.find(
        this, connection, schema, Math.toIntExact(Math.max(1, timeout.toSeconds())));
  }

  /**
   * Returns the most severe installation problem that may have caused a statement's error; empty if
   * there is none. An error about the extension's library (SQLSTATE 58P01, or 42883 with the
   * library's name) is explained without a query. For another error, takes one round trip if {@link
   * ExtensionProblem#canCause} returns true and autocommit is on. If autocommit is off, returns an
   * empty result instead, because no query is possible in a failed transaction.
   *
   * @param error the exception thrown by the statement
   * @param connection the connection of the statement
   * @throws SQLException if the query fails
   */
  public Optional<ExtensionProblem> diagnose(SQLException error, Connection connection)
      throws SQLException {
    String message = String.valueOf(error.getMessage());
    String file = library.substring(library.lastIndexOf('/') + 1).replaceFirst("VERSION.*", "");
    // exclude data files, and other libraries with names that merely begin with this library's name
    String end = library.contains("VERSION") ? "" : "(\\.(so|dll|dylib))?(?![\\w./-])";
    boolean namesLibrary = Pattern.compile('/' + Pattern.quote(file) + end).matcher(message).find();
    if ("58P01".equals(error.getSQLState())) {
      return namesLibrary || message.contains('"' + file + '"')
          ? Optional.of(ExtensionProblem.libraryMissing(this))
          : Optional.empty();
    }
    // the function is declared in SQL but missing from the library
    if ("42883".equals(error.getSQLState()) && namesLibrary) {
      return Optional.of(ExtensionProblem.libraryTooOld(this));
    }
    if (!ExtensionProblem.canCause(error) || !connection.getAutoCommit()) {
      return Optional.empty();
    }
    return inspect(connection).problems().stream()
        // the search path can explain a missing function (42883), but not a missing privilege or
        // schema
        .filter(problem -> problem.isObstacle() || "42883".equals(error.getSQLState()))
        .findFirst();
  }

  @Override
  public String toString() {
    return name;
  }

  /** Builds an {@link ExtensionDescription}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final List<ExtensionFunction> functions = new ArrayList<>();
    private String library;
    private String howToInstall = "Install its package, or run make install, on that machine.";
    private @Nullable String minimumVersion;

    private Builder(String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "The name of an extension is \"" + name + "\"; it must be letters, digits, _ and -.");
      }
      this.name = name;
      this.library = "$libdir/" + name;
    }

    /**
     * Sets the library of the extension's functions: the {@code module_pathname} of the control
     * file, or the path in the extension's script. {@code VERSION} is replaced with the version of
     * the extension in the database, for example {@code $libdir/timescaledb-VERSION}. Default:
     * {@code $libdir/NAME}.
     */
    public Builder library(String library) {
      if (!LIBRARY.matcher(library).matches()) {
        throw new IllegalArgumentException(
            "The library of an extension is \""
                + library
                + "\"; it must be a path such as $libdir/x.");
      }
      this.library = library;
      return this;
    }

    /**
     * Sets the remedy (one sentence) that is reported if the extension's files are not on the
     * server.
     */
    public Builder howToInstall(String remedy) {
      this.howToInstall = Objects.requireNonNull(remedy, "remedy");
      return this;
    }

    /**
     * Sets the oldest supported version. Default: all versions are supported. Functions added in
     * later versions (see {@link #function(String, String, String)}) are required only when they
     * are called.
     *
     * @throws IllegalArgumentException if the version does not begin with a number
     */
    public Builder minimumVersion(String version) {
      this.minimumVersion = checkVersion(Objects.requireNonNull(version, "version"));
      return this;
    }

    /**
     * Adds a C function.
     *
     * @param signature the signature, for example {@code l2_distance(vector, vector)}
     * @param resultType the result type, for example {@code double precision}
     */
    public Builder function(String signature, String resultType) {
      return function(ExtensionFunction.of(signature, resultType));
    }

    /**
     * Adds a C function that was introduced in a certain version of the extension. If this version
     * is later than {@link #minimumVersion}, databases with an earlier version are accepted, and
     * only calls to this function fail there.
     *
     * @param signature the signature, for example {@code l2_distance(vector, vector)}
     * @param resultType the result type, for example {@code double precision}
     * @param since the first version with this function
     * @throws IllegalArgumentException if the version does not begin with a number
     */
    public Builder function(String signature, String resultType, String since) {
      return function(ExtensionFunction.of(signature, resultType).withSince(since));
    }

    /** Adds a C function. */
    public Builder function(ExtensionFunction function) {
      functions.add(Objects.requireNonNull(function, "function"));
      return this;
    }

    /** Returns the description. */
    public ExtensionDescription build() {
      return new ExtensionDescription(this);
    }
  }
}
