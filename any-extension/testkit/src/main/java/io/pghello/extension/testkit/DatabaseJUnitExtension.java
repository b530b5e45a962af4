// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.support.ParameterInfo;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/**
 * Base class for JUnit extensions that provide the tests of a class with fresh databases. Each
 * subclass supports one annotation, such as {@link ExtensionTest}, and starts or finds the server.
 *
 * <p>Tests can have parameters of type {@link DataSource}, {@link Connection}, {@link
 * TestDatabase}, {@link WireProxy}, and of the server type that is passed to the constructor. A
 * data source or connection parameter annotated with {@link Superuser}, directly or through a
 * meta-annotation, logs in as the superuser.
 *
 * <p>All state is in JUnit's stores, so tests may run in parallel.
 */
public abstract class DatabaseJUnitExtension
    implements ParameterResolver,
        BeforeAllCallback,
        AfterEachCallback,
        AfterAllCallback,
        InvocationInterceptor,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(DatabaseJUnitExtension.class);

  private static final Set<Class<?>> DATABASE_TYPES =
      Set.of(DataSource.class, Connection.class, TestDatabase.class, WireProxy.class);

  // annotations with these names only document the parameter, in whatever package they are
  private static final Set<String> NULLNESS = Set.of("Nullable", "NonNull", "Nonnull", "NotNull");

  // JUnit 5.12 has no such class, and junit-jupiter-params may be missing
  private static final boolean HAS_PARAMETER_INFO =
      ReflectionSupport.tryToLoadClass(
              "org.junit.jupiter.params.support.ParameterInfo",
              DatabaseJUnitExtension.class.getClassLoader())
          .toOptional()
          .isPresent();

  private final Class<? extends Annotation> annotation;
  private final Class<?> embedded;

  /**
   * Creates an extension for an annotation.
   *
   * @param annotation the annotation of the test classes
   * @param embedded the type of the server parameter
   */
  protected DatabaseJUnitExtension(Class<? extends Annotation> annotation, Class<?> embedded) {
    this.annotation = annotation;
    this.embedded = embedded;
  }

  /**
   * The settings that an annotation specifies.
   *
   * @param key a key that identifies the server; tests with equal keys share a server
   * @param open a function that starts or finds the server, and prepares the given template unless
   *     it is null; called once for each key and template. The server is closed at the end of the
   *     test run.
   * @param startsServer whether this JVM starts the server; if so, each preparer with a key gets a
   *     separate server
   * @param shared whether the tests of a class share one database
   * @param withExtensions whether the databases contain the extensions
   * @param scripts the scripts that fill the databases' template
   * @param preparer the class that fills the template, or {@link DatabasePreparer} itself if the
   *     annotation sets none
   */
  protected record Settings(
      Object key,
      Function<@Nullable TemplateRequest, TestServerHandle> open,
      boolean startsServer,
      boolean shared,
      boolean withExtensions,
      List<String> scripts,
      Class<? extends DatabasePreparer> preparer) {
    // declared explicitly, because an implicit constructor would be protected like the record
    public Settings {}
  }

  /** Returns the settings that the annotation of a test class specifies. */
  protected abstract Settings settings(Annotation annotation);

  /** Returns the value of the server parameter. Called only if this JVM has started the server. */
  protected abstract Object embedded(SharedServer server);

  @Override
  public void beforeAll(ExtensionContext context) {
    // start the server and create the schema here, so that a failure is reported once for the class
    // instead of once for each test
    TestServerHandle server = server(context);
    Settings settings = settings(context);
    Preparation preparation = preparation(context, settings);
    if (preparation != null) {
      SharedServer.prepareTemplate(server.databases(), settings.withExtensions(), preparation);
    }
  }

  private @Nullable Preparation preparation(ExtensionContext context, Settings settings) {
    Class<? extends DatabasePreparer> type = settings.preparer();
    boolean none = type == DatabasePreparer.class;
    return none && settings.scripts().isEmpty()
        ? null
        : new Preparation(
            SqlScripts.read(
                context.getRequiredTestClass().getClassLoader(),
                settings.scripts().toArray(String[]::new)),
            none ? null : type);
  }

  /** Runs an annotation's scripts, and then its preparer class. */
  private record Preparation(
      SqlScripts scripts, @Nullable Class<? extends DatabasePreparer> preparer)
      implements DatabasePreparer {
    /**
     * The minimum size of scripts that get a separate server if the annotation has no preparer.
     * Smaller scripts run faster than a server starts.
     */
    private static final int MIN_SCRIPT_CHARACTERS = 64 * 1024;

    @Override
    public Optional<String> cacheKey() {
      if (preparer == null) {
        int size = scripts.scripts().stream().mapToInt(script -> script.sql().length()).sum();
        return size < MIN_SCRIPT_CHARACTERS ? Optional.empty() : scripts.cacheKey();
      }
      return ReflectionSupport.newInstance(preparer)
          .cacheKey()
          .flatMap(
              key -> scripts.cacheKey().map(hash -> preparer.getName() + "\n" + hash + "\n" + key));
    }

    @Override
    public void prepare(DataSource dataSource) throws Exception {
      scripts.prepare(dataSource);
      if (preparer != null) {
        ReflectionSupport.newInstance(preparer).prepare(dataSource);
      }
    }

    @Override
    public String toString() {
      return "The preparer " + (preparer == null ? scripts : preparer.getName());
    }
  }

  /**
   * Returns whether this extension provides the parameter. Parameters with an annotation of another
   * extension, such as Mockito's {@code @Mock}, are left to that extension, and arguments of
   * parameterized tests and classes are left to JUnit.
   *
   * @throws ParameterResolutionException if the test class has two annotations that each provide
   *     this parameter
   */
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    if (type != embedded && !DATABASE_TYPES.contains(type)) {
      return false;
    }
    return !isOfAnotherExtension(parameter)
        && !(HAS_PARAMETER_INFO && Arguments.contains(parameter, context))
        && (type == embedded || isNearest(contextOf(parameter, context)));
  }

  /**
   * Requests the context of the test for the parameters of constructors, because only this context
   * has the arguments of parameterized classes. JUnit before 5.12 has neither.
   */
  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    return ExtensionContextScope.TEST_METHOD;
  }

  /** Returns the context of the class if the parameter belongs to a constructor. */
  private static ExtensionContext contextOf(ParameterContext parameter, ExtensionContext context) {
    if (!(parameter.getDeclaringExecutable() instanceof Constructor<?> constructor)) {
      return context;
    }
    Optional<Class<?>> type = Optional.of(constructor.getDeclaringClass());
    ExtensionContext own = context;
    while (own.getTestMethod().isPresent() || !own.getTestClass().equals(type)) {
      own = own.getParent().orElseThrow();
    }
    // each invocation of a parameterized class has a separate context within the class's context
    while (own.getParent().orElseThrow().getTestClass().equals(type)) {
      own = own.getParent().orElseThrow();
    }
    return own;
  }

  private static boolean isOfAnotherExtension(ParameterContext parameter) {
    return !parameter.isAnnotated(Superuser.class)
        && Arrays.stream(parameter.getParameter().getAnnotations())
            .map(each -> each.annotationType().getSimpleName())
            .anyMatch(name -> !NULLNESS.contains(name));
  }

  /**
   * Returns whether the annotation of this extension is nearer to the test than annotations of
   * other subclasses, which provide the same parameters. The nearest annotation is on the test's
   * class, or on the innermost annotated class that encloses it.
   */
  private boolean isNearest(ExtensionContext context) {
    var classes = new ArrayList<Class<?>>(context.getEnclosingTestClasses());
    classes.add(context.getRequiredTestClass());
    for (int i = classes.size() - 1; i >= 0; i--) {
      Set<Class<?>> extensions = databaseExtensions(classes.get(i));
      if (extensions.size() > 1) {
        throw new ParameterResolutionException(
            "the test has two annotations that each provide a database: keep only one of them");
      }
      if (!extensions.isEmpty()) {
        return extensions.contains(getClass());
      }
    }
    return true;
  }

  private static Set<Class<?>> databaseExtensions(Class<?> test) {
    return AnnotationSupport.findRepeatableAnnotations(test, ExtendWith.class).stream()
        .flatMap(extendWith -> Arrays.stream(extendWith.value()))
        .filter(DatabaseJUnitExtension.class::isAssignableFrom)
        .collect(Collectors.toSet());
  }

  /**
   * The arguments of parameterized tests and classes. Only this nested class needs
   * junit-jupiter-params on the class path.
   */
  private static final class Arguments {
    // JUnit 6.1 has moved this class, but the previous versions have it only here
    @SuppressWarnings("removal")
    static boolean contains(ParameterContext parameter, ExtensionContext context) {
      if (parameter.getDeclaringExecutable() instanceof Constructor<?>) {
        // the nearest context may have the arguments of a test or of an inner class
        for (var each = Optional.of(context); each.isPresent(); each = each.get().getParent()) {
          ParameterInfo info = ParameterInfo.get(each.get());
          if (info != null && declares(info, parameter)) {
            return true;
          }
        }
        return false;
      }
      ParameterInfo info = ParameterInfo.get(context);
      return info != null
          && (declares(info, parameter)
              || (receivesArguments(parameter.getDeclaringExecutable())
                  && info.getDeclarations().getAll().stream()
                      .anyMatch(each -> each.getParameterIndex() == parameter.getIndex())));
    }

    @SuppressWarnings("removal")
    private static boolean declares(ParameterInfo info, ParameterContext parameter) {
      return info.getDeclarations().getAll().stream()
          .anyMatch(
              declared ->
                  declared.getAnnotatedElement().equals(parameter.getParameter())
                      && declared.getParameterIndex() < info.getArguments().size());
    }

    private static boolean receivesArguments(Executable executable) {
      return AnnotationSupport.findAnnotation(executable, BeforeParameterizedClassInvocation.class)
              .filter(BeforeParameterizedClassInvocation::injectArguments)
              .isPresent()
          || AnnotationSupport.findAnnotation(executable, AfterParameterizedClassInvocation.class)
              .filter(AfterParameterizedClassInvocation::injectArguments)
              .isPresent();
    }
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext nearest) {
    ExtensionContext context = contextOf(parameter, nearest);
    Class<?> type = parameter.getParameter().getType();
    boolean superuser = parameter.isAnnotated(Superuser.class);
    if (type == embedded) {
      TestServerHandle server = server(context);
      SharedServer own = server.own();
      if (own == null) {
        throw new TestAbortedException(
            "needs an embedded server, but the tests run against " + server.kind());
      }
      return embedded(own);
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

  private static String name(ExtensionContext context) {
    return context.getRequiredTestClass().getName()
        + context.getTestMethod().map(method -> "." + context.getDisplayName()).orElse("");
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

  private Settings settings(ExtensionContext context) {
    return settings(
        AnnotationSupport.findAnnotation(
                context.getRequiredTestClass(), annotation, context.getEnclosingTestClasses())
            .orElseThrow());
  }

  private TestServerHandle server(ExtensionContext context) {
    Settings settings = settings(context);
    TemplateRequest request = request(context, settings);
    return (TestServerHandle)
        stored(
            context.getRoot().getStore(NAMESPACE),
            List.of(annotation, settings.key(), request == null ? "" : request),
            () -> settings.open().apply(request));
  }

  /** Returns the request for a cached template, or null if the preparer has no key. */
  private @Nullable TemplateRequest request(ExtensionContext context, Settings settings) {
    if (!settings.startsServer()) {
      return null;
    }
    Object request =
        stored(
            context.getRoot().getStore(NAMESPACE),
            List.of(TemplateRequest.class, annotation, context.getRequiredTestClass()),
            () -> {
              Preparation preparation = preparation(context, settings);
              return Optional.ofNullable(
                  preparation == null
                      ? null
                      : TemplateRequest.of(settings.withExtensions(), preparation));
            });
    return (TemplateRequest) ((Optional<?>) request).orElse(null);
  }

  private TestDatabase database(ExtensionContext context) {
    if (context.getTestMethod().isEmpty() && !settings(context).shared()) {
      throw new ParameterResolutionException(
          "each test method has its own database, so no database exists before the first test:"
              + " use @"
              + annotation.getSimpleName()
              + "(database = CLASS) to share one");
    }
    return usage(owner(context)).database();
  }

  /** Returns the context that owns the database. The database is closed when this context ends. */
  private ExtensionContext owner(ExtensionContext context) {
    ExtensionContext owner = context;
    if (settings(context).shared()) {
      // find the annotated class, which may enclose the test's class
      while (owner.getTestMethod().isPresent()
          || !AnnotationSupport.isAnnotated(owner.getRequiredTestClass(), annotation)) {
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
    TestDatabase database = database(context);
    Usage usage = usage(context);
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

  private Usage usage(ExtensionContext context) {
    ExtensionContext owner = owner(context);
    Usage usageOfOwner = owner.equals(context) ? null : usage(owner);
    return (Usage) stored(store(context), Usage.class, () -> new Usage(context, usageOfOwner));
  }

  /**
   * The objects that a test or class uses. JUnit closes them together with the context's store,
   * after all callbacks, because other extensions and {@code @AutoClose} may close connections in
   * callbacks that run later than this extension's callbacks. Thread-safe.
   */
  private final class Usage implements AutoCloseable {
    final OpenConnections connections = new OpenConnections();
    private final ExtensionContext context;
    private final Usage owner;
    private volatile @Nullable TestDatabase database;
    private volatile @Nullable WireProxy proxy;

    /** Whether the test has failed in a way that JUnit does not record in the context. */
    volatile boolean failed;

    /**
     * Creates an instance.
     *
     * @param owner the usage of the context that owns the database; null for this instance
     */
    Usage(ExtensionContext context, @Nullable Usage owner) {
      this.context = context;
      this.owner = owner == null ? this : owner;
    }

    /** Returns the database, which the first call creates. */
    synchronized TestDatabase database() {
      if (database == null) {
        Settings settings = settings(context);
        DatabaseFactory databases = server(context).databases();
        String name =
            SharedServer.createDatabase(
                databases, settings.withExtensions(), preparation(context, settings));
        databases.setTest(name, name(context));
        database = new TestDatabase(databases, name);
      }
      return database;
    }

    /** Returns the proxy, which the first call starts. */
    synchronized WireProxy proxy() {
      if (proxy == null) {
        DatabaseFactory databases = owner.database().databases();
        proxy = WireProxy.to(databases.host(), databases.port());
      }
      return proxy;
    }

    /**
     * Closes the proxy and the database, and fails if the test left connections open. If the test
     * has failed, keeps its database if the user has enabled this.
     */
    @Override
    @SuppressWarnings("try")
    public void close() throws SQLException {
      try (TestDatabase closedLast = database;
          WireProxy closedFirst = proxy) {
        try {
          connections.finish();
        } catch (SQLException | AssertionError e) {
          keep();
          throw e;
        }
        if (failed
            || context
                .getExecutionException()
                .filter(e -> !(e instanceof TestAbortedException))
                .isPresent()) {
          keep();
        }
      }
    }

    private void keep() {
      TestDatabase used = owner.database;
      if (used != null && TestServerHandle.keepsFailed()) {
        server(context).keep(used.name(), name(context));
      }
    }
  }

  // JUnit 6 deprecates these methods, but their replacements do not exist in JUnit 5.12
  @SuppressWarnings("deprecation")
  private static Object stored(Store store, Object key, Supplier<?> creator) {
    Stored stored = store.getOrComputeIfAbsent(key, k -> new Stored(creator.get()), Stored.class);
    return Objects.requireNonNull(stored).value();
  }

  /** A value that JUnit closes together with its store. */
  // implements both interfaces: JUnit 6 warns about CloseableResource without AutoCloseable, and
  // JUnit 5.12 supports only CloseableResource
  @SuppressWarnings({"deprecation", "try"})
  private record Stored(Object value) implements Store.CloseableResource, AutoCloseable {
    @Override
    public void close() throws Exception {
      if (value instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }
  }

  private Store store(ExtensionContext context) {
    return context.getStore(NAMESPACE.append(getClass(), context.getUniqueId()));
  }

  /** The connections that a test has opened. Thread-safe. */
  static final class OpenConnections {
    private static final long GRACE_MILLIS = 1_000;

    private record Opened(Connection connection, Throwable where) {}

    private static final int MIN_SWEEP = 100;

    private final List<Opened> tracked = new ArrayList<>();
    private final List<Connection> owned = new ArrayList<>();
    private int nextSweep = MIN_SWEEP;

    synchronized Connection track(Connection connection) throws SQLException {
      tracked.add(new Opened(connection, new Throwable("opened here")));
      if (tracked.size() >= nextSweep) {
        // otherwise, a test that opens many connections would keep the memory of closed ones
        tracked.retainAll(leaked());
        nextSweep = Math.max(MIN_SWEEP, 2 * tracked.size());
      }
      return connection;
    }

    synchronized Connection own(Connection connection) {
      owned.add(connection);
      return connection;
    }

    /** Closes injected connections, and fails if the test left other connections open. */
    synchronized void finish() throws SQLException {
      for (Connection connection : owned) {
        connection.close();
      }
      // the application's pool may close its connections in the background
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
            new AssertionError(
                "the test left "
                    + leaked.size()
                    + " connection(s) open; see the suppressed exceptions");
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
