// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.ServerDatabase;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.lang.reflect.Method;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;

/**
 * The JUnit extension behind {@link ExtensionTest}. It provides the tests of a class with fresh
 * databases.
 *
 * <p>All state is in JUnit's stores, so tests may run in parallel.
 */
final class ExtensionTestSupport
    implements ParameterResolver,
        BeforeAllCallback,
        AfterEachCallback,
        AfterAllCallback,
        InvocationInterceptor,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(ExtensionTestSupport.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    // start the server and create the schema here, so that a failure is reported once for the class
    // instead of once for each test
    TestServerHandle server = server(context);
    DatabaseSettings settings = settings(context);
    DatabasePreparer preparer = preparer(context, settings);
    if (preparer != null) {
      SharedServer.prepareTemplate(server.databases(), preparer);
    }
  }

  private static @Nullable DatabasePreparer preparer(
      ExtensionContext context, DatabaseSettings settings) {
    return settings.preparer(context.getRequiredTestClass().getClassLoader());
  }

  /**
   * Returns whether this extension provides the parameter. Parameters with an annotation of another
   * extension, such as Mockito's {@code @Mock}, are left to that extension, and arguments of
   * parameterized tests and classes are left to JUnit.
   */
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return SupportedParameters.contains(parameter, context);
  }

  /**
   * Requests the context of the test for the parameters of constructors, because only this context
   * has the arguments of parameterized classes. JUnit before 5.12 has neither.
   */
  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    return ExtensionContextScope.TEST_METHOD;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext nearest) {
    ExtensionContext context = SupportedParameters.contextOf(parameter, nearest);
    Class<?> type = parameter.getParameter().getType();
    boolean superuser = parameter.isAnnotated(Superuser.class);
    if (type == ExtensionServer.class) {
      TestServerHandle server = server(context);
      SharedServer own = server.own();
      if (own == null) {
        throw new TestAbortedException(
            "needs an embedded server, but the tests run against " + server.kind());
      }
      return new ExtensionServer(own);
    }
    if (type == TestDatabase.class) {
      return database(context);
    }
    if (type == WireProxy.class) {
      var unused = database(context);
      return usage(context).proxy();
    }
    TrackedDataSource dataSource = dataSource(context, superuser);
    if (type == DataSource.class) {
      return dataSource;
    }
    try {
      return usage(context).connections.own(dataSource.untracked());
    } catch (SQLException e) {
      throw new ParameterResolutionException("could not connect to the test's database", e);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    // makes JUnit notice the failure of a test without parameters, if its class owns the database
    var unused = usage(context);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    var unused = usage(context);
  }

  @Override
  public void interceptDynamicTest(
      Invocation<@Nullable Void> invocation,
      DynamicTestInvocationContext invocationContext,
      ExtensionContext context)
      throws Throwable {
    try {
      invocation.proceed();
    } catch (Throwable e) {
      if (!(e instanceof TestAbortedException)) {
        usage(factory(context)).failed = true;
      }
      throw e;
    }
  }

  /** Returns the context of the method that returned a dynamic test. */
  private static ExtensionContext factory(ExtensionContext context) {
    ExtensionContext factory = context;
    Optional<ExtensionContext> parent = Optional.of(context);
    while (parent.isPresent()) {
      factory = parent.get().getTestMethod().isPresent() ? parent.get() : factory;
      parent = parent.get().getParent();
    }
    return factory;
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

  // JUnit wraps exceptions from parameter resolvers. Unless they are unwrapped, a test that should
  // be aborted fails.
  private static Throwable unwrapped(Throwable failure) {
    return failure instanceof ParameterResolutionException
            && failure.getCause() instanceof TestAbortedException aborted
        ? aborted
        : failure;
  }

  private static DatabaseSettings settings(ExtensionContext context) {
    Class<?> test = context.getRequiredTestClass();
    return (DatabaseSettings)
        StoredValue.get(
            context.getRoot().getStore(NAMESPACE),
            List.of(DatabaseSettings.class, test, context.getEnclosingTestClasses()),
            () ->
                new DatabaseSettings(TestAnnotation.find(test, context.getEnclosingTestClasses())));
  }

  private static TestServerHandle server(ExtensionContext context) {
    DatabaseSettings settings = settings(context);
    TemplateRequest request = request(context, settings);
    return (TestServerHandle)
        StoredValue.get(
            context.getRoot().getStore(NAMESPACE),
            List.of(settings.key(), request == null ? "" : request),
            () -> settings.open(request));
  }

  /** Returns the request for a cached template, or null if the preparer has no key. */
  private static @Nullable TemplateRequest request(
      ExtensionContext context, DatabaseSettings settings) {
    if (!settings.startsServer()) {
      return null;
    }
    Object request =
        StoredValue.get(
            context.getRoot().getStore(NAMESPACE),
            List.of(
                TemplateRequest.class,
                context.getRequiredTestClass(),
                context.getEnclosingTestClasses()),
            () -> {
              DatabasePreparer preparer = preparer(context, settings);
              return Optional.ofNullable(preparer == null ? null : TemplateRequest.of(preparer));
            });
    return (TemplateRequest) ((Optional<?>) request).orElse(null);
  }

  private ServerDatabase database(ExtensionContext context) {
    if (context.getTestMethod().isEmpty() && !settings(context).shared()) {
      throw new ParameterResolutionException(
          "each test method has its own database, so no database exists before the first test:"
              + " set database = CLASS in the annotation to share one");
    }
    return usage(owner(context)).database();
  }

  /** Returns the context that owns the database. The database is closed when this context ends. */
  private ExtensionContext owner(ExtensionContext context) {
    ExtensionContext owner = context;
    if (settings(context).shared()) {
      // find the annotated class, which may enclose the test's class
      while (owner.getTestMethod().isPresent()
          || !AnnotationSupport.isAnnotated(owner.getRequiredTestClass(), ExtensionTest.class)) {
        owner = owner.getParent().orElseThrow();
      }
      // each invocation of a parameterized class has a separate context within the class's
      // context
      ExtensionContext parent = owner.getParent().orElseThrow();
      while (parent.getTestClass().equals(owner.getTestClass())) {
        owner = parent;
        parent = owner.getParent().orElseThrow();
      }
    }
    return owner;
  }

  private TrackedDataSource dataSource(ExtensionContext context, boolean superuser) {
    ServerDatabase database = database(context);
    DatabaseUsage usage = usage(context);
    DataSource direct = superuser ? database.superuserDataSource() : database.dataSource();
    return new TrackedDataSource(
        wantsProxy(context) ? database.dataSource(usage.proxy(), superuser) : direct,
        usage.connections);
  }

  private boolean wantsProxy(ExtensionContext context) {
    return context
        .getTestMethod()
        .map(Method::getParameterTypes)
        .filter(types -> Arrays.asList(types).contains(WireProxy.class))
        .isPresent();
  }

  private DatabaseUsage usage(ExtensionContext context) {
    ExtensionContext owner = owner(context);
    DatabaseUsage usageOfOwner = owner.equals(context) ? null : usage(owner);
    return (DatabaseUsage)
        StoredValue.get(
            store(context),
            DatabaseUsage.class,
            () ->
                new DatabaseUsage(
                    context,
                    usageOfOwner,
                    () -> server(context),
                    databases -> createDatabase(context, databases)));
  }

  private ServerDatabase createDatabase(ExtensionContext context, DatabaseFactory databases) {
    DatabaseSettings settings = settings(context);
    return SharedServer.createDatabase(
        databases, /* withExtensions= */ true, preparer(context, settings));
  }

  private Store store(ExtensionContext context) {
    return context.getStore(NAMESPACE.append(getClass(), context.getUniqueId()));
  }
}
