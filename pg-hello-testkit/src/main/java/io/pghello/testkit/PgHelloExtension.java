// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;

/** The JUnit extension behind {@link PgHelloTest}. All state is in JUnit's stores. */
final class PgHelloExtension
    implements ParameterResolver,
        BeforeAllCallback,
        AfterEachCallback,
        AfterAllCallback,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(PgHelloExtension.class);
  private static final Set<Class<?>> TYPES =
      Set.of(
          DataSource.class,
          Connection.class,
          TestDatabase.class,
          WireProxy.class,
          PgHelloServer.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    // a server that cannot start fails the class once, not each of its tests
    server(context);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return TYPES.contains(parameter.getParameter().getType());
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    boolean superuser = parameter.isAnnotated(Superuser.class);
    if (type == PgHelloServer.class) {
      return server(context).embedded();
    }
    if (type == TestDatabase.class) {
      return database(context);
    }
    if (type == WireProxy.class) {
      return proxy(context);
    }
    TrackedDataSource dataSource = dataSource(context, superuser);
    if (type == DataSource.class) {
      return dataSource;
    }
    try {
      return opened(context).own(dataSource.untracked());
    } catch (SQLException e) {
      throw new ParameterResolutionException("no connection to the test's database", e);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) throws SQLException {
    opened(context).finish();
  }

  @Override
  public void afterAll(ExtensionContext context) throws SQLException {
    opened(context).finish();
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    throw unwrapped(failure);
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    throw unwrapped(failure);
  }

  @Override
  public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    throw unwrapped(failure);
  }

  // JUnit wraps what a resolver throws, and then fails the test that it shall abort
  private static Throwable unwrapped(Throwable failure) {
    return failure instanceof ParameterResolutionException
            && failure.getCause() instanceof TestAbortedException aborted
        ? aborted
        : failure;
  }

  private static TestServer server(ExtensionContext context) {
    return stored(store(context.getRoot()), TestServer.class, TestServer::configured);
  }

  private static TestDatabase database(ExtensionContext context) {
    PgHelloTest settings =
        AnnotationSupport.findAnnotation(
                context.getRequiredTestClass(),
                PgHelloTest.class,
                context.getEnclosingTestClasses())
            .orElseThrow();
    ExtensionContext owner = context;
    if (settings.database() == PgHelloTest.Scope.CLASS) {
      // of the class that asks for it, which may be an enclosing one
      while (owner.getTestMethod().isPresent()
          || !AnnotationSupport.isAnnotated(owner.getRequiredTestClass(), PgHelloTest.class)) {
        owner = owner.getParent().orElseThrow();
      }
    } else if (context.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          "each test method has a database of its own, so there is none yet for the class: write"
              + " @PgHelloTest(database = CLASS) to share one");
    }
    return stored(
        store(owner),
        TestDatabase.class,
        () -> server(context).createDatabase(settings.extension()));
  }

  private static WireProxy proxy(ExtensionContext context) {
    TestDatabase database = database(context);
    return stored(
        store(context),
        WireProxy.class,
        () -> WireProxy.to(database.databases().host(), database.databases().port()));
  }

  private static TrackedDataSource dataSource(ExtensionContext context, boolean superuser) {
    TestDatabase database = database(context);
    DataSource direct = superuser ? database.superuserDataSource() : database.dataSource();
    return new TrackedDataSource(
        wantsProxy(context) ? database.dataSource(proxy(context), superuser) : direct,
        opened(context));
  }

  private static boolean wantsProxy(ExtensionContext context) {
    return context
        .getTestMethod()
        .map(Method::getParameterTypes)
        .filter(types -> Arrays.asList(types).contains(WireProxy.class))
        .isPresent();
  }

  private static OpenConnections opened(ExtensionContext context) {
    return stored(store(context), OpenConnections.class, OpenConnections::new);
  }

  // JUnit 6 has deprecated these for what JUnit 5.12 lacks
  @SuppressWarnings("deprecation")
  private static <T> T stored(Store store, Class<T> type, Supplier<T> creator) {
    Stored stored =
        store.getOrComputeIfAbsent(type, key -> new Stored(creator.get()), Stored.class);
    return type.cast(Objects.requireNonNull(stored).value());
  }

  /** Something that JUnit closes at the end of what it is stored for. */
  // by both names that it has had: JUnit 6 warns of the older one alone, JUnit 5.12 knows no other
  @SuppressWarnings({"deprecation", "try"})
  private record Stored(Object value) implements Store.CloseableResource, AutoCloseable {
    @Override
    public void close() throws Exception {
      if (value instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }
  }

  private static Store store(ExtensionContext context) {
    return context.getStore(NAMESPACE.append(context.getUniqueId()));
  }

  /** The connections that a test has opened. Thread-safe. */
  static final class OpenConnections {
    private static final long GRACE_MILLIS = 1_000;

    private record Opened(Connection connection, Throwable where) {}

    private final List<Opened> tracked = new ArrayList<>();
    private final List<Connection> owned = new ArrayList<>();

    synchronized Connection track(Connection connection) {
      tracked.add(new Opened(connection, new Throwable("opened here")));
      return connection;
    }

    synchronized Connection own(Connection connection) {
      owned.add(connection);
      return connection;
    }

    /** Closes what was injected, and fails if the test left anything else open. */
    synchronized void finish() throws SQLException {
      for (Connection connection : owned) {
        connection.close();
      }
      // a pool may close its connections on threads of its own
      long end = System.nanoTime() + GRACE_MILLIS * 1_000_000;
      List<Opened> leaked = leaked();
      while (!leaked.isEmpty() && System.nanoTime() < end) {
        try {
          Thread.sleep(10);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          break;
        }
        leaked = leaked();
      }
      if (!leaked.isEmpty()) {
        var failure =
            new AssertionError("the test left " + leaked.size() + " connection(s) open; see where");
        for (Opened opened : leaked) {
          opened.connection.close();
          failure.addSuppressed(opened.where);
        }
        tracked.clear();
        throw failure;
      }
    }

    private List<Opened> leaked() throws SQLException {
      var leaked = new ArrayList<Opened>();
      for (Opened opened : tracked) {
        if (!opened.connection.isClosed()) {
          leaked.add(opened);
        }
      }
      return leaked;
    }
  }
}
