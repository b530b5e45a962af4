// SPDX-License-Identifier: MIT
package io.pghello.internal.installation;

import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import io.pghello.internal.Function;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with the way the extension is installed. Names are quoted for SQL. */
public final class InstallationProblems {
  private static final Set<String> ALL = signatures(EnumSet.allOf(Function.class));

  private InstallationProblems() {}

  private static Set<String> signatures(Set<Function> functions) {
    return functions.stream().map(Function::signature).collect(Collectors.toUnmodifiableSet());
  }

  /** The files are not there, or, with the server's own words, the library is not. */
  public static PgHelloProblem filesMissing(@Nullable String serverMessage) {
    return new PgHelloProblem(
        Code.FILES_MISSING,
        "The files of extension pg_hello are not on the database server"
            + (serverMessage == null ? "." : ": " + serverMessage + "."),
        "Build and install them there (make && make install in the folder extension/); for tests, a"
            + " server that has them comes with pg-hello-testkit.",
        ALL);
  }

  /**
   * The files are there, but the extension is not created.
   *
   * @param owner the owner of the database; null if the role may create it
   */
  static PgHelloProblem notCreated(String database, String role, @Nullable String owner) {
    return new PgHelloProblem(
        Code.NOT_CREATED,
        "Extension pg_hello is not created in database " + database + ".",
        owner == null
            ? "Run in it: CREATE EXTENSION pg_hello;"
            : "Role "
                + role
                + " may not create it: let the database's owner "
                + owner
                + " run in it: CREATE EXTENSION pg_hello;",
        ALL);
  }

  /** The functions are not ours. */
  public static PgHelloProblem foreignBuild(String database) {
    return new PgHelloProblem(
        Code.FOREIGN_BUILD,
        "The extension named pg_hello in database "
            + database
            + " is another build: its functions are labelled differently or count time differently,"
            + " so its answers may be stale or wrong.",
        "Install the files of this build on the server, then let the extension's owner run: DROP"
            + " EXTENSION pg_hello; CREATE EXTENSION pg_hello;",
        ALL);
  }

  /** Functions are members of the extension, but somebody else's, so that they are not called. */
  static PgHelloProblem foreignFunctions(String database, Set<Function> foreign) {
    return new PgHelloProblem(
        Code.FOREIGN_BUILD,
        "Somebody has added functions of his own to extension pg_hello in database "
            + database
            + ", or has replaced its own: "
            + list("", foreign)
            + ". They are not called.",
        "Find out who has, then let the extension's owner run: DROP EXTENSION pg_hello; CREATE"
            + " EXTENSION pg_hello;",
        signatures(foreign));
  }

  /** The role lacks USAGE on the schema. */
  static PgHelloProblem noSchemaPrivilege(String schema, String role) {
    return new PgHelloProblem(
        Code.NO_SCHEMA_PRIVILEGE,
        "Role " + role + " may not use schema " + schema + ", in which pg_hello is.",
        "Let the schema's owner run: GRANT USAGE ON SCHEMA " + schema + " TO " + role + ";",
        ALL);
  }

  /** The role lacks EXECUTE on functions. */
  static PgHelloProblem noExecutePrivilege(String schema, String role, Set<Function> forbidden) {
    return new PgHelloProblem(
        Code.NO_EXECUTE_PRIVILEGE,
        "Role " + role + " may not execute " + list("", forbidden) + ".",
        "Let a superuser run: GRANT EXECUTE ON FUNCTION "
            + list(schema + ".", forbidden)
            + " TO "
            + role
            + ";",
        signatures(forbidden));
  }

  private static String list(String prefix, Set<Function> functions) {
    return functions.stream()
        .map(function -> prefix + function.signature())
        .collect(Collectors.joining(", "));
  }

  /**
   * The extension lacks functions.
   *
   * @param version its version
   * @param filesVersion the version of the files on the server; null if there are none
   */
  static PgHelloProblem tooOld(
      String database, String version, @Nullable String filesVersion, Set<Function> missing) {
    boolean oldFiles = filesVersion == null || filesVersion.equals(version);
    return new PgHelloProblem(
        Code.TOO_OLD,
        "Extension pg_hello in database "
            + database
            + ", at version "
            + version
            + ", lacks "
            + list("", missing)
            + ".",
        (oldFiles ? "Install the files of this build on the server. " : "")
            + "Let the extension's owner run: ALTER EXTENSION pg_hello UPDATE;",
        signatures(missing));
  }

  /** The functions are declared, but the library that the server has loaded has them not. */
  public static PgHelloProblem libraryTooOld() {
    return new PgHelloProblem(
        Code.TOO_OLD,
        "The library of extension pg_hello on the server is older than the extension in this"
            + " database.",
        "Install the files of this build there, and connect anew: sessions keep the library that"
            + " they have loaded.");
  }

  /**
   * The schema is not on the path.
   *
   * @param path the value of search_path
   */
  static PgHelloProblem notOnPath(String schema, String role, @Nullable String path) {
    return new PgHelloProblem(
        Code.NOT_ON_PATH,
        "Extension pg_hello is in schema "
            + schema
            + ", which is not on the search_path of role "
            + role
            + ".",
        "PgHelloClient finds it there; in SQL of your own write "
            + schema
            + ".pg_hello(...), or put the schema on the path: ALTER ROLE "
            + role
            + " SET search_path = "
            + (path == null || path.isBlank() || path.equals("\"\"") ? "" : path + ", ")
            + schema
            + ";");
  }

  /** The extension is not where the client was told that it is. */
  static PgHelloProblem elsewhere(String schema, String told) {
    return new PgHelloProblem(
        Code.NOT_ON_PATH,
        "Extension pg_hello is in schema " + schema + ", but the client was told " + told + ".",
        "Give the client that schema, or none: it finds the extension by itself.",
        ALL);
  }
}
