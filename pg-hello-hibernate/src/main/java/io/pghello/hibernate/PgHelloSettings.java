// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** Names of settings, to be given to Hibernate as any of its own. */
public final class PgHelloSettings {
  /**
   * The schema that the extension is in, without quotes, as in {@code extensions}. By default the
   * functions are called without one, and so found on the session's {@code search_path}.
   */
  public static final String SCHEMA = "pghello.schema";

  /**
   * Whether the extension is created with the schema: {@code true} or {@code false}, the default.
   * Where Hibernate creates or updates tables, or writes a script that does ({@code
   * hibernate.hbm2ddl.auto}, {@code jakarta.persistence.schema-generation.*}, {@code
   * SchemaManager}), {@code create extension if not exists pg_hello} comes before them, so that
   * their defaults and generated columns may call its functions. With {@link #SCHEMA}, {@code
   * create schema if not exists} comes first, and the extension goes there. An extension that is
   * there already stays as it is, at its version and in its schema.
   *
   * <p>Both need the privilege {@code CREATE} on the database, which its owner has. Nothing is
   * dropped again: what others have built on the extension would go with it.
   *
   * <p>Costs one round trip when the schema is created or updated, two with {@link #SCHEMA}. On
   * another database than PostgreSQL it does nothing. Any other value ends the start with an error.
   */
  public static final String CREATE_EXTENSION = "pghello.create_extension";

  /**
   * Whether a session factory checks, when it is created, that the extension can be used. It checks
   * as the user and on the {@code search_path} that Hibernate connects with, in the schema that
   * {@link #SCHEMA} names, and for a version that has all functions, after Hibernate has created
   * the schema. What is wrong is said together with what mends it.
   *
   * <ul>
   *   <li>{@code warn}: a line in Hibernate's log, by the name {@code io.pghello.hibernate}, and no
   *       more.
   *   <li>{@code fail}: the factory is not created. The error is an {@link
   *       io.pghello.PgHelloException}; JPA's {@code Persistence} makes it the cause of its own. If
   *       the server cannot be asked within 30 seconds, that is also an error.
   *   <li>{@code off}: it does not look, and makes no round trip.
   * </ul>
   *
   * <p>The default is {@code warn}, but {@code off} where Hibernate itself does not ask the
   * database at the start ({@code hibernate.boot.allow_jdbc_metadata_access=false}), and where
   * there can be many databases (a {@code MultiTenantConnectionProvider}). Where it is set, it
   * holds there, too; of many databases it looks at the one that {@code getAnyConnection()} is to.
   *
   * <p>Costs one round trip, on one of Hibernate's own connections, which is left as it was found.
   * On another database than PostgreSQL it does nothing. Any other value ends the start with an
   * error.
   */
  public static final String PREFLIGHT = "pghello.preflight";

  private PgHelloSettings() {}
}
