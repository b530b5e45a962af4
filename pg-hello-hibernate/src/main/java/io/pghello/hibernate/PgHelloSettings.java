// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** Names of this module's settings. Set them like any other Hibernate setting. */
public final class PgHelloSettings {
  /**
   * The schema of the extension, without quotes, for example {@code extensions}. By default,
   * function names are not qualified and are resolved through the session's {@code search_path}.
   */
  public static final String SCHEMA = "pg-hello.schema";

  /**
   * Whether to create the extension together with the database schema: {@code true} or {@code
   * false} (the default). When Hibernate creates or updates tables, or writes a script that does so
   * ({@code hibernate.hbm2ddl.auto}, {@code jakarta.persistence.schema-generation.*}, {@code
   * SchemaManager}), {@code create extension if not exists pg_hello} runs first, so that column
   * defaults and generated columns can call the functions. With {@link #SCHEMA}, {@code create
   * schema if not exists} runs before that statement, and the extension is created in that schema.
   * An existing extension keeps its version and schema.
   *
   * <p>Both statements need the privilege {@code CREATE} on the database, which the database's
   * owner has. The extension is never dropped, because dropping it would also drop the objects that
   * depend on it.
   *
   * <p>This setting costs one round trip when the schema is created or updated, or two round trips
   * with {@link #SCHEMA}. On databases other than PostgreSQL, it has no effect. Any value other
   * than {@code true} or {@code false} makes startup fail.
   */
  public static final String CREATE_EXTENSION = "pg-hello.create-extension";

  /**
   * Whether a new session factory checks that the extension is usable. The check runs after
   * Hibernate has created the schema. It runs as Hibernate's database role, and expects the
   * extension in the schema set by {@link #SCHEMA} or, by default, on the {@code search_path} of
   * Hibernate's connections. The check requires version 1.1 of the extension or later. Each problem
   * is reported together with its fix.
   *
   * <ul>
   *   <li>{@code warn}: writes one line to the log category {@code io.pghello.hibernate}.
   *   <li>{@code fail}: the factory is not created. The error is an {@link
   *       io.pghello.extension.batching.FunctionCallException}; JPA's {@code Persistence} wraps it.
   *       A check that takes longer than 30 seconds is reported as an error too.
   *   <li>{@code off}: disables the check and its round trip.
   * </ul>
   *
   * <p>The default is {@code warn}, or {@code off} if Hibernate does not access the database at
   * startup ({@code hibernate.boot.allow_jdbc_metadata_access=false}), or if there may be several
   * databases (a {@code MultiTenantConnectionProvider}). An explicit value overrides these
   * defaults. With several databases, the check uses the connection that {@code getAnyConnection()}
   * returns.
   *
   * <p>The check costs one round trip on one of Hibernate's own connections, which is returned
   * unchanged. On databases other than PostgreSQL, this setting has no effect. Any value other than
   * {@code warn}, {@code fail} or {@code off} makes startup fail.
   */
  public static final String PREFLIGHT = "pg-hello.preflight";

  private PgHelloSettings() {}
}
