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
 * A native extension as a program needs it: its name, its library, its functions and its versions.
 * Immutable and thread-safe; a constant of the binding's.
 */
public final class ExtensionDescription {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*");
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z_][a-z0-9_]*");
  private static final Pattern LIBRARY = Pattern.compile("[A-Za-z0-9_$./-]+");

  private final String name;
  private final String library;
  private final String howToInstall;
  private final @Nullable String oldestVersion;
  private final List<ExtensionFunction> functions;
  private final Set<String> signatures;
  private final String sql;

  private ExtensionDescription(Builder builder) {
    this.name = builder.name;
    this.library = builder.library;
    this.howToInstall = builder.howToInstall;
    this.oldestVersion = builder.oldestVersion;
    this.functions = List.copyOf(builder.functions);
    this.signatures = ExtensionProblem.signatures(functions);
    this.sql = Installation.sql(this);
  }

  /**
   * Begins the description of an extension.
   *
   * @param name as {@code CREATE EXTENSION} takes it: letters, digits, {@code _} and {@code -}
   * @throws IllegalArgumentException if it is none
   */
  public static Builder named(String name) {
    return new Builder(name);
  }

  /**
   * Returns the description that an {@link ExtensionProvider} on the class path gives of the
   * extension with this name, or else one of the name alone, with which {@link #find} says whether
   * the extension is created, and where. It asks the thread's class loader, then that of this
   * class.
   *
   * @throws IllegalArgumentException if it is no name
   * @throws java.util.ServiceConfigurationError if a provider cannot be loaded, with its name
   */
  public static ExtensionDescription ofName(String name) {
    return Stream.of(
            ServiceLoader.load(ExtensionProvider.class),
            // threads of the common pool may have a loader that knows no application
            ServiceLoader.load(ExtensionProvider.class, ExtensionProvider.class.getClassLoader()))
        .flatMap(ServiceLoader::stream)
        .map(provider -> provider.get().extension())
        .filter(extension -> extension.name.equals(name))
        .findFirst()
        .orElseGet(() -> named(name).build());
  }

  /** Returns the name, without quotes. */
  public String name() {
    return name;
  }

  /** Returns the name as SQL has it, in quotes where it needs them. */
  public String quotedName() {
    return PLAIN_NAME.matcher(name).matches() ? name : '"' + name + '"';
  }

  /** Returns the library of its functions, as in {@code $libdir/pg_hello}. */
  public String library() {
    return library;
  }

  /** Returns what to do if its files are not on the server. */
  public String howToInstall() {
    return howToInstall;
  }

  /** Returns the oldest version that will do; null if any will. */
  public @Nullable String oldestVersion() {
    return oldestVersion;
  }

  /** Returns the functions, in the order in which they were described; unmodifiable. */
  public List<ExtensionFunction> functions() {
    return functions;
  }

  Set<String> signatures() {
    return signatures;
  }

  String sql() {
    return sql;
  }

  /** Returns whether a function is missing if it is not there: the oldest version has it. */
  boolean requires(ExtensionFunction function) {
    String since = function.since();
    return since == null || (oldestVersion != null && compare(since, oldestVersion).orElse(0) <= 0);
  }

  /** Compares two versions by their numbers; empty if one of them does not begin with any. */
  static Optional<Integer> compare(String version, String other) {
    try {
      return Optional.of(
          Version.parse(withDots(version)).compareTo(Version.parse(withDots(other))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** As Java reads versions: 1.4-1 came after 1.4, and 3.4.2dev and 3.4.2RC1 before 3.4.2. */
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
   * Looks how the extension is installed in the database of a connection, with the rights that
   * everybody has. Changes nothing; takes one round trip.
   *
   * @throws SQLException if the server cannot be asked, as where its transaction has failed
   * @throws ExtensionException if the answer is that of another statement
   */
  public Installation find(Connection connection) throws SQLException {
    return find(connection, null);
  }

  /**
   * Looks how the extension is installed in the database of a connection, as {@link
   * #find(Connection)} does, for a program that expects it in one schema.
   *
   * @param schema its name, as {@code quote_ident} makes it, or in quotes; null if any will do
   * @throws SQLException if the server cannot be asked, as where its transaction has failed
   * @throws ExtensionException if the answer is that of another statement
   */
  public Installation find(Connection connection, @Nullable String schema) throws SQLException {
    return Installation.find(this, connection, schema, 0);
  }

  /**
   * Looks how the extension is installed, as {@link #find(Connection, String)} does, and has the
   * server give up after a time. Where that does not answer at all, the connection is cut off 5
   * seconds later, unless it has a network time-out of its own.
   *
   * @param schema its name, as {@code quote_ident} makes it, or in quotes; null if any will do
   * @param timeout whole seconds, at least one
   * @throws SQLException if the server cannot be asked, or does not answer in time
   * @throws ExtensionException if the answer is that of another statement
   */
  public Installation find(Connection connection, @Nullable String schema, Duration timeout)
      throws SQLException {
    return Installation.find(
        this, connection, schema, Math.toIntExact(Math.max(1, timeout.toSeconds())));
  }

  /**
   * Returns the gravest problem with the installation where a statement has failed that may have
   * called the extension; empty if there is none, or if it cannot be known, because the statement
   * was one of a transaction, which has failed now. Takes one round trip if the error can come from
   * the installation, and none otherwise, or if it names the extension's library.
   *
   * @param error what the statement has thrown
   * @param connection the one that it ran on
   * @throws SQLException if the server cannot be asked
   */
  public Optional<ExtensionProblem> explain(SQLException error, Connection connection)
      throws SQLException {
    String message = String.valueOf(error.getMessage());
    String file = library.substring(library.lastIndexOf('/') + 1).replaceFirst("VERSION.*", "");
    // not another's that begins so, nor a file of data
    String end = library.contains("VERSION") ? "" : "(\\.(so|dll|dylib))?(?![\\w./-])";
    boolean namesLibrary = Pattern.compile('/' + Pattern.quote(file) + end).matcher(message).find();
    if ("58P01".equals(error.getSQLState())) {
      return namesLibrary || message.contains('"' + file + '"')
          ? Optional.of(ExtensionProblem.libraryMissing(this))
          : Optional.empty();
    }
    // the function is declared, and not in the file
    if ("42883".equals(error.getSQLState()) && namesLibrary) {
      return Optional.of(ExtensionProblem.libraryTooOld(this));
    }
    if (!ExtensionProblem.canCause(error) || !connection.getAutoCommit()) {
      return Optional.empty();
    }
    return find(connection).problems().stream()
        // the path has no part in another's privileges
        .filter(problem -> problem.isObstacle() || "42883".equals(error.getSQLState()))
        .findFirst();
  }

  @Override
  public String toString() {
    return name;
  }

  /** Collects what is to be said of an extension. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final List<ExtensionFunction> functions = new ArrayList<>();
    private String library;
    private String howToInstall = "Install its package, or run make install, on that machine.";
    private @Nullable String oldestVersion;

    private Builder(String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "The name of an extension is \"" + name + "\"; it must be letters, digits, _ and -.");
      }
      this.name = name;
      this.library = "$libdir/" + name;
    }

    /**
     * Says which library its functions are in: {@code module_pathname} of the control file, or what
     * its script says, where {@code VERSION} stands for the version that is created, as in {@code
     * $libdir/timescaledb-VERSION}. By default {@code $libdir/NAME}.
     */
    public Builder library(String library) {
      if (!LIBRARY.matcher(library).matches()) {
        throw new IllegalArgumentException(
            "The library of an extension is \""
                + library
                + "\"; it must be a path as in $libdir/x.");
      }
      this.library = library;
      return this;
    }

    /** Says what to do, in a sentence, if its files are not on the server. */
    public Builder howToInstall(String remedy) {
      this.howToInstall = Objects.requireNonNull(remedy, "remedy");
      return this;
    }

    /**
     * Sets the oldest version that will do. By default any will do. A function that came later, as
     * {@link #function(String, String, String)} describes it, is not required before it is called.
     *
     * @throws IllegalArgumentException if it does not begin with a number
     */
    public Builder oldestVersion(String version) {
      this.oldestVersion = checkVersion(Objects.requireNonNull(version, "version"));
      return this;
    }

    /**
     * Adds a function in C.
     *
     * @param signature as in {@code l2_distance(vector, vector)}
     * @param resultType as in {@code double precision}
     */
    public Builder function(String signature, String resultType) {
      return function(ExtensionFunction.of(signature, resultType));
    }

    /**
     * Adds a function in C that came with a version of the extension. If that is later than {@link
     * #oldestVersion}, databases of earlier versions are accepted, and only calls of this function
     * fail there.
     *
     * @param signature as in {@code l2_distance(vector, vector)}
     * @param resultType as in {@code double precision}
     * @param since the version that it came with
     * @throws IllegalArgumentException if the version does not begin with a number
     */
    public Builder function(String signature, String resultType, String since) {
      return function(ExtensionFunction.of(signature, resultType).withSince(since));
    }

    /** Adds a function in C. */
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
