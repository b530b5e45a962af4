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
 * A problem with the installation of an extension, and how to fix it. Immutable.
 *
 * @param kind the kind of problem
 * @param message a description of the problem
 * @param remedy the fix, with the statement to run if there is one
 * @param functions the signatures of the described functions that cannot be called; empty if no
 *     function was described, or if only the application's own SQL is affected
 */
public record ExtensionProblem(Kind kind, String message, String remedy, Set<String> functions)
    implements Serializable {

  /** The kinds of problems. Later versions may add kinds. */
  public enum Kind {
    /** The extension's files or its library are not on the database server. */
    FILES_MISSING,
    /** The files are on the server, but {@code CREATE EXTENSION} was not run in this database. */
    NOT_CREATED,
    /**
     * The extension is in a schema that is not on the {@code search_path}. Affects only unqualified
     * names in the application's own SQL.
     */
    NOT_ON_SEARCH_PATH,
    /** The extension is not in the configured schema. */
    WRONG_SCHEMA,
    /** The version of the extension, or of its library on the server, is too old. */
    VERSION_TOO_OLD,
    /** An extension with this name exists, but its functions differ from the description. */
    INCOMPATIBLE_BUILD,
    /** The role lacks the privilege {@code USAGE} on the functions' schema. */
    NO_SCHEMA_PRIVILEGE,
    /** The role lacks the privilege {@code EXECUTE} on a function. */
    NO_EXECUTE_PRIVILEGE,
    /**
     * The server returned the result of another statement, usually because a pooler mixed up
     * statements.
     */
    RESPONSE_MISMATCH
  }

  /** Copies the functions. */
  public ExtensionProblem {
    functions = Set.copyOf(functions);
  }

  /**
   * Returns whether the problem prevents calls; false if it affects only unqualified names in SQL.
   */
  public boolean isObstacle() {
    return kind != Kind.NOT_ON_SEARCH_PATH;
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }

  /** Combines several problems into one, with the kind of the first; empty if the list is empty. */
  public static Optional<ExtensionProblem> combined(List<ExtensionProblem> problems) {
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
   * Returns whether an installation problem can cause this error. If so, calling {@link
   * ExtensionDescription#inspect} is worth a round trip. Returns true for the SQLSTATEs 42883
   * (undefined function), 3F000 (invalid schema name) and 42501 (insufficient privilege).
   */
  public static boolean canCause(SQLException error) {
    String state = error.getSQLState();
    return "42883".equals(state) || "3F000".equals(state) || "42501".equals(state);
  }

  /** Returns the problem for a library that the server cannot load (SQLSTATE 58P01). */
  public static ExtensionProblem libraryMissing(ExtensionDescription extension) {
    return filesMissing(extension, "the server cannot load the extension's library");
  }

  /**
   * Returns the problem for missing files.
   *
   * @param serverMessage a clause that is appended to the message; null if there is none
   */
  static ExtensionProblem filesMissing(
      ExtensionDescription extension, @Nullable String serverMessage) {
    return new ExtensionProblem(
        Kind.FILES_MISSING,
        "The files of extension %s are not on the database server%s."
            .formatted(extension.name(), serverMessage == null ? "" : ": " + serverMessage),
        extension.howToInstall(),
        extension.signatures());
  }

  /** Returns the problem for a loaded library that lacks a declared function (SQLSTATE 42883). */
  public static ExtensionProblem libraryTooOld(ExtensionDescription extension) {
    return new ExtensionProblem(
        Kind.VERSION_TOO_OLD,
        "The library of extension %s on the server is older than the extension in this database."
            .formatted(extension.name()),
        "Install newer files on the server, then reconnect: existing sessions keep the old"
            + " library.",
        Set.of());
  }

  /**
   * Returns the problem for functions that have the expected names but behave differently.
   *
   * @param schema the extension's schema, quoted if necessary; null if it no longer exists
   */
  public static ExtensionProblem foreignBuild(
      ExtensionDescription extension, String database, @Nullable String schema) {
    return new ExtensionProblem(
        Kind.INCOMPATIBLE_BUILD,
        """
        The extension named %s in database %s is from a different build: its functions differ from those \
        that this program was written for, so results may be stale or wrong.\
        """
            .formatted(extension.name(), database),
        """
        Install the files of the right build on the server, save the contents of the extension's \
        own tables, then have its owner run: DROP EXTENSION %s; CREATE EXTENSION %1$s%s;\
        """
            .formatted(extension.quotedName(), schema == null ? "" : " SCHEMA " + schema),
        extension.signatures());
  }

  /**
   * Returns the problem for an extension that has not been created in the database.
   *
   * @param creator a description of the roles that may create the extension; null if the current
   *     role may create it
   * @param schema the schema in which to create the extension, quoted; null for any schema
   */
  static ExtensionProblem notCreated(
      ExtensionDescription extension,
      String database,
      String role,
      @Nullable String creator,
      @Nullable String schema) {
    return new ExtensionProblem(
        Kind.NOT_CREATED,
        "Extension %s does not exist in database %s.".formatted(extension.name(), database),
        (creator == null
                ? "Run in this database"
                : "Role %s may not create it. Have %s run in this database"
                    .formatted(role, creator))
            + (schema == null
                ? ": CREATE EXTENSION %s;".formatted(extension.quotedName())
                : """
                , if no other role can create objects in schema %s: CREATE SCHEMA IF NOT EXISTS \
                %1$s; CREATE EXTENSION %s SCHEMA %1$s;\
                """
                    .formatted(schema, extension.quotedName())),
        extension.signatures());
  }

  /**
   * Returns the problem for functions that were not declared by a superuser.
   *
   * @param added the signatures of the functions, with schemas
   */
  static ExtensionProblem foreignFunctions(
      ExtensionDescription extension,
      String database,
      Collection<ExtensionFunction> foreign,
      List<String> added) {
    return new ExtensionProblem(
        Kind.INCOMPATIBLE_BUILD,
        """
        Extension %s in database %s contains functions that a role other than a superuser has \
        added or replaced: %s. These functions are not called.\
        """
            .formatted(extension.name(), database, list(foreign)),
        "Find out who did this, then have the owner of the extension and the functions, or a"
            + " superuser, run: "
            + added.stream()
                .map(
                    each ->
                        // without DROP ROUTINE, the function would remain and block updates
                        "ALTER EXTENSION %s DROP ROUTINE %s; DROP ROUTINE %2$s;"
                            .formatted(extension.quotedName(), each))
                .collect(joining(" ")),
        signatures(foreign));
  }

  static ExtensionProblem declarationMismatch(
      ExtensionDescription extension,
      String database,
      String schema,
      Collection<ExtensionFunction> mismatched) {
    return new ExtensionProblem(
        Kind.INCOMPATIBLE_BUILD,
        """
        The declarations of functions of extension %s in database %s do not match this program's \
        description: %s. These functions are not called.\
        """
            .formatted(extension.name(), database, list(mismatched)),
        """
        Have a superuser install the build that this program was written for. If this is the right \
        build, correct the description: it may contain only C functions of library %s in schema \
        %s that are owned by a superuser.\
        """
            .formatted(extension.library(), schema),
        signatures(mismatched));
  }

  static ExtensionProblem noSchemaPrivilege(
      ExtensionDescription extension, String schema, String role) {
    return new ExtensionProblem(
        Kind.NO_SCHEMA_PRIVILEGE,
        "Role %s may not use schema %s, which contains %s."
            .formatted(role, schema, extension.name()),
        "Have the schema's owner run: GRANT USAGE ON SCHEMA %s TO %s;".formatted(schema, role),
        extension.signatures());
  }

  /**
   * Returns the problem for functions that the role may not execute.
   *
   * @param qualified the signatures of the functions, with schemas
   */
  static ExtensionProblem noExecutePrivilege(
      Collection<ExtensionFunction> forbidden, List<String> qualified, String role) {
    return new ExtensionProblem(
        Kind.NO_EXECUTE_PRIVILEGE,
        "Role %s may not execute %s.".formatted(role, list(forbidden)),
        """
        Unless the privilege was revoked on purpose, have a superuser run: \
        GRANT EXECUTE ON FUNCTION %s TO %s;\
        """
            .formatted(String.join(", ", qualified), role),
        signatures(forbidden));
  }

  /**
   * Returns the problem for an extension that is too old or lacks described functions.
   *
   * @param filesVersion the version that the files on the server would create; null if there are no
   *     files
   */
  static ExtensionProblem tooOld(
      ExtensionDescription extension,
      String database,
      String version,
      @Nullable String filesVersion,
      Collection<ExtensionFunction> missing) {
    String oldest = extension.minimumVersion();
    boolean oldFiles =
        filesVersion == null
            || filesVersion.equals(version)
            || Installation.isBefore(filesVersion, version)
            || Installation.isBefore(filesVersion, oldest);
    return new ExtensionProblem(
        Kind.VERSION_TOO_OLD,
        "Extension %s in database %s, at version %s, %s."
            .formatted(
                extension.name(),
                database,
                version,
                missing.isEmpty() ? "is older than " + oldest : "lacks " + list(missing)),
        "%sHave the extension's owner run: ALTER EXTENSION %s UPDATE;"
            .formatted(
                oldFiles ? "Install newer files on the server. " : "", extension.quotedName()),
        missing.isEmpty() ? extension.signatures() : signatures(missing));
  }

  /**
   * Returns the problem for an extension in a schema that is not on the search path.
   *
   * @param function the name of an example function of the extension; null if no function is known
   */
  static ExtensionProblem notOnSearchPath(
      ExtensionDescription extension,
      String schema,
      @Nullable String function,
      String role,
      @Nullable String path) {
    boolean isEmpty = path == null || path.isBlank() || path.equals("\"\"");
    return new ExtensionProblem(
        Kind.NOT_ON_SEARCH_PATH,
        "Extension %s is in schema %s, which is not on the search_path of role %s."
            .formatted(extension.name(), schema, role),
        (function == null
                ? "In your own SQL, qualify its names with the schema"
                : "The client finds the extension there. In your own SQL, write %s.%s(...)"
                    .formatted(schema, function))
            + ", or put the schema on the path: ALTER ROLE %s SET search_path = %s%s;"
                .formatted(role, isEmpty ? "" : path + ", ", schema),
        Set.of());
  }

  static ExtensionProblem wrongSchema(
      ExtensionDescription extension, String schema, String expected) {
    return new ExtensionProblem(
        Kind.WRONG_SCHEMA,
        "Extension %s is in schema %s, but the client is configured for schema %s."
            .formatted(extension.name(), schema, expected),
        "Configure the client with the extension's schema, or with no schema, so that the client"
            + " locates it.",
        extension.signatures());
  }

  /** Returns the problem for a result that belongs to another statement. */
  public static ExtensionProblem mismatch(ExtensionDescription extension) {
    return new ExtensionProblem(
        Kind.RESPONSE_MISMATCH,
        "The server returned the result of another statement.",
        """
        If there is a pooler between client and server, configure it to track prepared \
        statements, or connect with prepareThreshold=0. Otherwise, check the functions of \
        extension %s in this database, and the program's BatchMapper if it has one.\
        """
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
