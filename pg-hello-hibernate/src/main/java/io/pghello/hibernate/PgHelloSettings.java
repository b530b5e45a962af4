// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/**
 * Names of this module's settings. Set them like any other Hibernate setting:
 *
 * <pre>{@code
 * pg-hello.schema=extensions
 * pg-hello.create-extension=true
 * pg-hello.preflight=fail
 * }</pre>
 *
 * <p>On databases other than PostgreSQL, {@link #CREATE_EXTENSION} and {@link #PREFLIGHT} have no
 * effect. If one of these two has a value that is not listed, startup fails.
 */
public final class PgHelloSettings {
  /**
   * The schema of the extension, without quotes, for example {@code extensions}. Default: function
   * names are not qualified, and are resolved through the session's {@code search_path}.
   */
  public static final String SCHEMA = "pg-hello.schema";

  /**
   * Whether to create the extension together with the database schema: {@code true} or {@code
   * false} (the default). When Hibernate creates or updates tables, or writes a script that does
   * so, {@code create extension if not exists pg_hello} runs first, so that column defaults and
   * generated columns can call the functions. With {@link #SCHEMA}, {@code create schema if not
   * exists} runs before that statement, and the extension is created in that schema.
   *
   * <ul>
   *   <li>Costs one round trip when the schema is created or updated, or two with {@link #SCHEMA}.
   *   <li>Needs the privilege {@code CREATE} on the database, which the database's owner has.
   *   <li>An existing extension keeps its version and schema. It is never dropped, because dropping
   *       it would also drop the objects that depend on it.
   * </ul>
   */
  public static final String CREATE_EXTENSION = "pg-hello.create-extension";

  /**
   * Whether a new session factory checks that the extension is usable, after Hibernate has created
   * the schema. Each problem is reported together with its fix.
   *
   * <ul>
   *   <li>{@code warn} (the default): writes one line to the log category {@code
   *       io.pghello.hibernate}.
   *   <li>{@code fail}: the factory is not created. The error is an {@link
   *       io.pghello.extension.batching.FunctionCallException}; JPA's {@code Persistence} wraps it.
   *       A check that takes longer than 30 seconds is reported as an error too.
   *   <li>{@code off}: disables the check and its round trip. This is the default if Hibernate does
   *       not access the database at startup ({@code
   *       hibernate.boot.allow_jdbc_metadata_access=false}), or if there may be several databases
   *       (a {@code MultiTenantConnectionProvider}).
   * </ul>
   *
   * <p>The check requires version 1.1 of the extension or later, in the schema set by {@link
   * #SCHEMA} or, by default, on the {@code search_path}. It runs as Hibernate's database role, and
   * costs one round trip on one of Hibernate's own connections, which is returned unchanged. With
   * several databases and an explicit value, it uses the connection that {@code getAnyConnection()}
   * returns.
   */
  public static final String PREFLIGHT = "pg-hello.preflight";

  private PgHelloSettings() {}
}
