// SPDX-License-Identifier: MIT
package io.pghello.extension;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toUnmodifiableSet;

import java.io.Serializable;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Something that stands in the way of using an extension, and what mends it. Immutable.
 *
 * @param kind what kind of problem it is
 * @param message one sentence that says what is wrong
 * @param remedy what to do about it, with the statement to run where there is one
 * @param functions the signatures of the functions that were described and cannot be called; empty
 *     if none was described, or if only SQL of the program's own is concerned
 */
public record ExtensionProblem(Kind kind, String message, String remedy, Set<String> functions)
    implements Serializable {

  /** The kinds of problems. Later versions may add some. */
  public enum Kind {
    /** The extension's files, or its library, are not on the database server. */
    FILES_MISSING,
    /** The files are there, but {@code CREATE EXTENSION} was not run in this database. */
    NOT_CREATED,
    /**
     * The extension is in a schema that is not on the {@code search_path}. Only unqualified names
     * in SQL of the program's own are concerned.
     */
    NOT_ON_PATH,
    /** The extension is not in the schema that the program named. */
    ELSEWHERE,
    /** The extension, or its library on the server, is of a version that is too old. */
    TOO_OLD,
    /** An extension of this name is there, but its functions are others than those described. */
    FOREIGN_BUILD,
    /** The role may not use the schema that the functions are in. */
    NO_SCHEMA_PRIVILEGE,
    /** The role may not execute a function. */
    NO_EXECUTE_PRIVILEGE,
    /** The answer does not belong to what was asked: a pooler mixes up statements. */
    ANSWER_MISMATCH
  }

  /** Copies the functions. */
  public ExtensionProblem {
    functions = Set.copyOf(functions);
  }

  /** Returns whether the extension cannot be used, and not only unqualified names in SQL. */
  public boolean isObstacle() {
    return kind != Kind.NOT_ON_PATH;
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }

  /**
   * Returns one problem that says all of these, of the kind of the first; empty if there is none.
   */
  public static Optional<ExtensionProblem> all(List<ExtensionProblem> problems) {
    return problems.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new ExtensionProblem(
                problems.get(0).kind,
                problems.stream().map(ExtensionProblem::message).collect(joining(" ")),
                problems.stream().map(ExtensionProblem::remedy).collect(joining(" ")),
                problems.stream()
                    .flatMap(problem -> problem.functions.stream())
                    .collect(toUnmodifiableSet())));
  }

  /**
   * Returns whether an error of a statement can come from the way an extension is installed, so
   * that to look ({@link ExtensionDescription#find}) is worth a round trip. By its SQLSTATE: 42883,
   * no such function; 3F000, no such schema; 42501, no privilege.
   */
  public static boolean canCause(SQLException error) {
    String state = error.getSQLState();
    return "42883".equals(state) || "3F000".equals(state) || "42501".equals(state);
  }

  /** Returns the problem that the server cannot load the library (SQLSTATE 58P01). */
  public static ExtensionProblem libraryMissing(ExtensionDescription extension) {
    return filesMissing(extension, "the server cannot load their library");
  }

  /**
   * The files are not there.
   *
   * @param said what the server says of it; null if nothing
   */
  static ExtensionProblem filesMissing(ExtensionDescription extension, @Nullable String said) {
    return new ExtensionProblem(
        Kind.FILES_MISSING,
        "The files of extension %s are not on the database server%s."
            .formatted(extension.name(), said == null ? "" : ": " + said),
        extension.howToInstall(),
        extension.signatures());
  }

  /** Returns the problem that the library that is loaded lacks a declared function (42883). */
  public static ExtensionProblem libraryTooOld(ExtensionDescription extension) {
    return new ExtensionProblem(
        Kind.TOO_OLD,
        "The library of extension %s on the server is older than the extension in this database."
            .formatted(extension.name()),
        "Install newer files there, and connect anew: sessions keep the library that they have"
            + " loaded.",
        Set.of());
  }

  /**
   * Returns the problem that functions of this name do something else.
   *
   * @param schema the extension's, quoted where SQL needs it; null if it has gone
   */
  public static ExtensionProblem foreignBuild(
      ExtensionDescription extension, String database, @Nullable String schema) {
    return new ExtensionProblem(
        Kind.FOREIGN_BUILD,
        """
        The extension named %s in database %s is another build: its functions are not those that \
        this program was written for, so its answers may be stale or wrong."""
            .formatted(extension.name(), database),
        """
        Install the files of the right build on the server, save what is in tables of the \
        extension's own, then let its owner run: DROP EXTENSION %s; CREATE EXTENSION %1$s%s;"""
            .formatted(extension.quotedName(), schema == null ? "" : " SCHEMA " + schema),
        extension.signatures());
  }

  /**
   * The extension is not created.
   *
   * @param creator who may create it; null if the role may
   * @param schema where it is to be, quoted; null if that does not matter
   */
  static ExtensionProblem notCreated(
      ExtensionDescription extension,
      String database,
      String role,
      @Nullable String creator,
      @Nullable String schema) {
    return new ExtensionProblem(
        Kind.NOT_CREATED,
        "Extension %s is not created in database %s.".formatted(extension.name(), database),
        (creator == null
                ? "Run in it"
                : "Role %s may not create it: let %s run in it".formatted(role, creator))
            + (schema == null
                ? ": CREATE EXTENSION %s;".formatted(extension.quotedName())
                : """
                , where nobody else may create in that schema: CREATE SCHEMA IF NOT EXISTS %s; \
                CREATE EXTENSION %s SCHEMA %1$s;"""
                    .formatted(schema, extension.quotedName())),
        extension.signatures());
  }

  /**
   * Functions are there that no superuser has declared.
   *
   * @param added their signatures, with schemas
   */
  static ExtensionProblem foreignFunctions(
      ExtensionDescription extension,
      String database,
      Collection<ExtensionFunction> foreign,
      List<String> added) {
    return new ExtensionProblem(
        Kind.FOREIGN_BUILD,
        """
        Somebody has added functions of his own to extension %s in database %s, or has replaced \
        its own: %s. They are not called."""
            .formatted(extension.name(), database, list(foreign)),
        "Find out who has, then let who owns both, or a superuser, run: "
            + added.stream()
                .map(
                    each ->
                        // which would otherwise stay, and be in the way of an update
                        "ALTER EXTENSION %s DROP ROUTINE %s; DROP ROUTINE %2$s;"
                            .formatted(extension.quotedName(), each))
                .collect(joining(" ")),
        signatures(foreign));
  }

  static ExtensionProblem describedOtherwise(
      ExtensionDescription extension,
      String database,
      String schema,
      Collection<ExtensionFunction> otherwise) {
    return new ExtensionProblem(
        Kind.FOREIGN_BUILD,
        """
        Functions of extension %s in database %s are declared otherwise than this program \
        describes them: %s. They are not called."""
            .formatted(extension.name(), database, list(otherwise)),
        """
        Have a superuser install the build that this program was written for. If this is it, \
        correct the description: its library is %s, and what is not in C, not in schema %s, or not \
        owned by a superuser, cannot be in it."""
            .formatted(extension.library(), schema),
        signatures(otherwise));
  }

  static ExtensionProblem noSchemaPrivilege(
      ExtensionDescription extension, String schema, String role) {
    return new ExtensionProblem(
        Kind.NO_SCHEMA_PRIVILEGE,
        "Role %s may not use schema %s, in which %s is.".formatted(role, schema, extension.name()),
        "Let the schema's owner run: GRANT USAGE ON SCHEMA %s TO %s;".formatted(schema, role),
        extension.signatures());
  }

  /**
   * The role lacks EXECUTE on functions.
   *
   * @param qualified their signatures, with schemas
   */
  static ExtensionProblem noExecutePrivilege(
      Collection<ExtensionFunction> forbidden, List<String> qualified, String role) {
    return new ExtensionProblem(
        Kind.NO_EXECUTE_PRIVILEGE,
        "Role %s may not execute %s.".formatted(role, list(forbidden)),
        """
        Let a superuser run, unless the right was revoked on purpose: \
        GRANT EXECUTE ON FUNCTION %s TO %s;"""
            .formatted(String.join(", ", qualified), role),
        signatures(forbidden));
  }

  /**
   * The extension is older than the description, or lacks functions of it.
   *
   * @param filesVersion the version that the files on the server would create; null if there are
   *     none
   */
  static ExtensionProblem tooOld(
      ExtensionDescription extension,
      String database,
      String version,
      @Nullable String filesVersion,
      Collection<ExtensionFunction> missing) {
    String oldest = extension.oldestVersion();
    boolean oldFiles =
        filesVersion == null
            || filesVersion.equals(version)
            || Installation.isBefore(filesVersion, version)
            || Installation.isBefore(filesVersion, oldest);
    return new ExtensionProblem(
        Kind.TOO_OLD,
        "Extension %s in database %s, at version %s, %s."
            .formatted(
                extension.name(),
                database,
                version,
                missing.isEmpty() ? "is older than " + oldest : "lacks " + list(missing)),
        "%sLet the extension's owner run: ALTER EXTENSION %s UPDATE;"
            .formatted(
                oldFiles ? "Install newer files on the server. " : "", extension.quotedName()),
        missing.isEmpty() ? extension.signatures() : signatures(missing));
  }

  /**
   * The extension is in a schema that is not on the path.
   *
   * @param function an example of what is in it; null if none is known
   */
  static ExtensionProblem notOnPath(
      ExtensionDescription extension,
      String schema,
      @Nullable String function,
      String role,
      @Nullable String path) {
    boolean isEmpty = path == null || path.isBlank() || path.equals("\"\"");
    return new ExtensionProblem(
        Kind.NOT_ON_PATH,
        "Extension %s is in schema %s, which is not on the search_path of role %s."
            .formatted(extension.name(), schema, role),
        (function == null
                ? "In SQL of your own write the schema before its names"
                : "The client finds it there; in SQL of your own write %s.%s(...)"
                    .formatted(schema, function))
            + ", or put the schema on the path: ALTER ROLE %s SET search_path = %s%s;"
                .formatted(role, isEmpty ? "" : path + ", ", schema),
        Set.of());
  }

  static ExtensionProblem elsewhere(ExtensionDescription extension, String schema, String told) {
    return new ExtensionProblem(
        Kind.ELSEWHERE,
        "Extension %s is in schema %s, but the client was told %s."
            .formatted(extension.name(), schema, told),
        "Give the client that schema, or none: it finds the extension by itself.",
        extension.signatures());
  }

  /** Returns the problem that an answer is that of another statement. */
  public static ExtensionProblem mismatch(ExtensionDescription extension) {
    return new ExtensionProblem(
        Kind.ANSWER_MISMATCH,
        "The server answered something that was not asked.",
        """
        If there is a pooler between, let it track prepared statements, or connect with \
        prepareThreshold=0; otherwise look at what %s is in this database."""
            .formatted(extension.name()),
        extension.signatures());
  }

  private static String list(Collection<ExtensionFunction> functions) {
    return functions.stream().map(ExtensionFunction::signature).collect(joining(", "));
  }

  static Set<String> signatures(Collection<ExtensionFunction> functions) {
    return functions.stream().map(ExtensionFunction::signature).collect(toUnmodifiableSet());
  }
}
