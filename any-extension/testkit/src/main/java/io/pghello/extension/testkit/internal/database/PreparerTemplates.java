// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.DatabasePreparer;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** The templates of one server that preparers have filled. Thread-safe. */
public final class PreparerTemplates {
  private final Databases databases;
  private final ServerAddress address;
  private final Login owner;
  private final AtomicInteger created = new AtomicInteger();
  private final Map<DatabasePreparer, CompletableFuture<String>> templates =
      new ConcurrentHashMap<>();

  PreparerTemplates(Databases databases, ServerAddress address, Login owner) {
    this.databases = databases;
    this.address = address;
    this.owner = owner;
  }

  /**
   * Returns the template filled by a preparer. The preparer runs once, in the first thread that
   * needs the template; other threads wait. If the preparer fails, the next caller tries again.
   *
   * @throws IllegalStateException if the preparer fails
   */
  public String get(DatabasePreparer preparer) throws SQLException {
    String name = databases.template() + "_" + created.incrementAndGet();
    return get(preparer, name);
  }

  /**
   * Prepares the template. The caller can then store the server, with the template, in the cache.
   *
   * @throws IllegalStateException if the preparer fails
   */
  public void prepare(TemplateRequest request) throws SQLException {
    var unused = get(request.preparer(), databases.cachedTemplate());
  }

  /** Registers the template that the server was started with. */
  public void setCached(TemplateRequest request) {
    databases.setCachedTemplate();
    templates.put(
        request.preparer(), CompletableFuture.completedFuture(databases.cachedTemplate()));
  }

  private String get(DatabasePreparer preparer, String name) throws SQLException {
    var own = new CompletableFuture<String>();
    CompletableFuture<String> other = templates.putIfAbsent(preparer, own);
    if (other != null) {
      return await(other);
    }
    try {
      makeTemplate(preparer, name);
      own.complete(name);
      return name;
    } catch (SQLException | RuntimeException | Error e) {
      templates.remove(preparer);
      own.completeExceptionally(e);
      throw e;
    }
  }

  private static String await(CompletableFuture<String> template) throws SQLException {
    try {
      return template.get();
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNull(e.getCause());
      throw new IllegalStateException(cause.getMessage(), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while a template was being prepared", e);
    }
  }

  private void makeTemplate(DatabasePreparer preparer, String name) throws SQLException {
    try (AdminConnection once = databases.connect()) {
      databases.create(once, name, databases.template());
      try {
        preparer.prepare(address.dataSource(name, owner));
        databases.openTemplate(once, name);
        Databases.closeTemplate(once, name);
      } catch (Exception e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        PreparationException failure = failure(preparer, e, name);
        try {
          databases.drop(once, name);
        } catch (SQLException again) {
          e.addSuppressed(again);
        }
        throw failure;
      }
    }
  }

  /**
   * Returns an exception with the message of a failure and, if an extension in the template is the
   * cause, with a remedy.
   */
  private PreparationException failure(DatabasePreparer preparer, Exception e, String template) {
    String message =
        e instanceof PreparationException
            ? String.valueOf(e.getMessage())
            : preparer + " failed: " + e.getMessage();
    try {
      String remedy = PreparerErrors.remedy(e, databases.own(template));
      if (!remedy.isEmpty()) {
        return new PreparationException(
            message.stripTrailing() + (message.strip().endsWith(".") ? " " : ". ") + remedy, e);
      }
    } catch (SQLException another) {
      e.addSuppressed(another);
    }
    return e instanceof PreparationException p ? p : new PreparationException(message, e);
  }
}
