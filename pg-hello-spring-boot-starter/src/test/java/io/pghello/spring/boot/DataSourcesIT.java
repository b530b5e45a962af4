// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.p6spy.engine.spy.P6DataSource;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.aop.TargetSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.jdbc.datasource.AbstractDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.UserCredentialsDataSourceAdapter;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Tests which data sources share statements. No call may reach another thread's database. */
@PgHelloTest
class DataSourcesIT {
  private static final int THREADS = 16;
  private static final int CALLS = 20;
  private static final ThreadLocal<Boolean> TWICE = ThreadLocal.withInitial(() -> false);

  private HikariDataSource once = new HikariDataSource();
  private HikariDataSource twice = new HikariDataSource();

  @BeforeEach
  void createPools(TestDatabase database) {
    once = pool(database, 1);
    twice = pool(database, 2);
  }

  @AfterEach
  void closePools() {
    once.close();
    twice.close();
    TWICE.remove();
  }

  private static HikariDataSource pool(TestDatabase database, int repeat) {
    var pool = new HikariDataSource();
    pool.setJdbcUrl(database.jdbcUrl());
    pool.setMaximumPoolSize(8);
    pool.setMinimumIdle(0);
    pool.setConnectionInitSql("SET pg_hello.repeat = " + repeat);
    return pool;
  }

  /** Data sources that select one of two databases by thread. */
  @SuppressWarnings("ImmutableEnumChecker") // which has no state
  enum Router {
    SPRINGS(
        (once, twice) -> {
          var router =
              new AbstractRoutingDataSource() {
                @Override
                protected Object determineCurrentLookupKey() {
                  return TWICE.get();
                }
              };
          router.setTargetDataSources(Map.of(false, once, true, twice));
          router.afterPropertiesSet();
          return router;
        }),
    THAT_SHOWS_ITSELF_ALONE(
        (once, twice) ->
            new AbstractDataSource() {
              @Override
              public Connection getConnection() throws SQLException {
                return (TWICE.get() ? twice : once).getConnection();
              }

              @Override
              public Connection getConnection(String user, String password) throws SQLException {
                return (TWICE.get() ? twice : once).getConnection(user, password);
              }
            }),
    THAT_SHOWS_THE_TARGET_OF_THE_THREAD(
        (once, twice) ->
            new Wrapper(once) {
              @Override
              DataSource target() {
                return TWICE.get() ? twice : once;
              }
            }),
    WITH_A_TARGET_FOR_EACH_THREAD(
        (once, twice) ->
            new DelegatingDataSource(once) {
              @Override
              public DataSource getTargetDataSource() {
                return TWICE.get() ? twice : once;
              }
            }),
    THAT_OBTAINS_A_TARGET_FOR_EACH_THREAD(
        (once, twice) ->
            new DelegatingDataSource(once) {
              @Override
              protected DataSource obtainTargetDataSource() {
                return TWICE.get() ? twice : once;
              }
            }),
    WITH_A_CONNECTION_FOR_EACH_THREAD(
        (once, twice) ->
            new DelegatingDataSource(once) {
              @Override
              public Connection getConnection() throws SQLException {
                return TWICE.get() ? twice.getConnection() : super.getConnection();
              }
            }),
    THAT_IS_A_POOL(
        (once, twice) -> {
          var pool =
              new HikariDataSource() {
                @Override
                public Connection getConnection() throws SQLException {
                  return TWICE.get() ? twice.getConnection() : super.getConnection();
                }
              };
          once.copyStateTo(pool);
          return pool;
        }),
    THAT_IS_A_PROXY_OF_A_SCOPE(
        (once, twice) -> {
          var scoped = new ProxyFactory();
          scoped.setInterfaces(DataSource.class);
          scoped.setTargetSource(
              new TargetSource() {
                @Override
                public Class<?> getTargetClass() {
                  return DataSource.class;
                }

                @Override
                public Object getTarget() {
                  return TWICE.get() ? twice : once;
                }
              });
          return (DataSource) scoped.getProxy();
        });

    final BiFunction<HikariDataSource, HikariDataSource, DataSource> of;

    Router(BiFunction<HikariDataSource, HikariDataSource, DataSource> of) {
      this.of = of;
    }
  }

  /** Wrappers of a router or a pool. */
  @SuppressWarnings("ImmutableEnumChecker") // which has no state
  enum Around {
    NOTHING(inner -> inner),
    LAZY(LazyConnectionDataSourceProxy::new),
    TRANSACTION_AWARE(TransactionAwareDataSourceProxy::new),
    DATASOURCE_PROXY(ProxyDataSource::new),
    P6SPY(P6DataSource::new),
    TRANSACTION_AWARE_DATASOURCE_PROXY(
        inner -> new TransactionAwareDataSourceProxy(new ProxyDataSource(inner))),
    DATASOURCE_PROXY_LAZY(inner -> new ProxyDataSource(new LazyConnectionDataSourceProxy(inner))),
    LAZY_P6SPY_DATASOURCE_PROXY(
        inner -> new LazyConnectionDataSourceProxy(new P6DataSource(new ProxyDataSource(inner)))),
    PROXY_OF_SPRING(
        inner -> {
          var proxy = new ProxyFactory(inner);
          proxy.setInterfaces(DataSource.class);
          return (DataSource) proxy.getProxy();
        }),
    WRAPPER(Wrapper::new);

    final UnaryOperator<DataSource> of;

    Around(UnaryOperator<DataSource> of) {
      this.of = of;
    }
  }

  @ParameterizedTest
  @EnumSource
  void threadsUseTheirOwnDatabase(Router router) throws Exception {
    assertThreadsUseTheirDatabase(router.of.apply(once, twice));
  }

  @ParameterizedTest
  @EnumSource(names = {"DATASOURCE_PROXY", "P6SPY", "TRANSACTION_AWARE_DATASOURCE_PROXY"})
  void threadsUseTheirOwnDatabaseBehindProxies(Around around) throws Exception {
    assertThreadsUseTheirDatabase(around.of.apply(Router.SPRINGS.of.apply(once, twice)));
  }

  @ParameterizedTest
  @EnumSource
  void routersAreFoundBehindEveryProxy(Around around) {
    for (Router router : List.of(Router.SPRINGS, Router.WITH_A_CONNECTION_FOR_EACH_THREAD)) {
      DataSource dataSource = around.of.apply(router.of.apply(once, twice));
      assertThat(new SpringConnectionSource(dataSource).mayJoinBatch())
          .as("%s around %s", around, router)
          .isFalse();
      assertThat(DataSources.isRouted(dataSource)).isEqualTo(router == Router.SPRINGS);
    }
  }

  @Test
  void threadsUseTheirOwnDatabaseBehindAHiddenRouter() throws Exception {
    DataSource router = Router.SPRINGS.of.apply(once, twice);
    assertThreadsUseTheirDatabase(new Hiding(router));
    assertThreadsUseTheirDatabase(new Throwing(router, new SQLException("not a wrapper")));
    assertThreadsUseTheirDatabase(new Throwing(router, new IllegalStateException("no tenant")));
  }

  @Test
  void detectsARouterAddedLater() throws Exception {
    DataSource router = Router.SPRINGS.of.apply(once, twice);
    var springs = new DelegatingDataSource(once);
    assertDetectsLaterChange(springs, () -> springs.setTargetDataSource(router));
    var library = new ProxyDataSource(once);
    assertDetectsLaterChange(library, () -> library.setDataSource(router));
  }

  private static void assertDetectsLaterChange(DataSource dataSource, Runnable change)
      throws Exception {
    var source = new SpringConnectionSource(dataSource);
    assertThat(source.mayJoinBatch()).isTrue();
    try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      change.run();
      assertThat(wrongAnswers(client)).isZero();
    }
  }

  @Test
  void transactionsOfATransactionAwareProxyRunSeparately() throws Exception {
    var proxy = new TransactionAwareDataSourceProxy(once);
    once.setMaximumPoolSize(THREADS);
    var transaction = new TransactionTemplate(new JdbcTransactionManager(proxy));
    try (PgHelloClient client =
        PgHelloClient.builder().connections(new SpringConnectionSource(proxy)).build()) {
      assertThat(
              wrongAnswers(
                  call ->
                      Objects.requireNonNull(
                          transaction.<@Nullable Integer>execute(
                              status -> {
                                try (Connection connection = proxy.getConnection();
                                    var statement = connection.createStatement()) {
                                  statement.execute("SELECT pg_hello('')");
                                  statement.execute(
                                      "SET LOCAL pg_hello.repeat = " + (TWICE.get() ? 2 : 1));
                                  return call.call();
                                } catch (Exception e) {
                                  throw new IllegalStateException(e);
                                }
                              })),
                  client))
          .isZero();
    }
  }

  @Test
  void aProxyAroundTheTransactionsOfThreadsIsNotAPool() {
    for (Around around :
        List.of(Around.DATASOURCE_PROXY, Around.P6SPY, Around.LAZY, Around.WRAPPER)) {
      DataSource dataSource = around.of.apply(new TransactionAwareDataSourceProxy(once));
      assertThat(new SpringConnectionSource(dataSource).mayJoinBatch()).as("%s", around).isFalse();
    }
  }

  @Test
  void detectsCredentialsByThreadBehindAProxy() {
    var byThread = new UserCredentialsDataSourceAdapter();
    byThread.setTargetDataSource(once);
    for (Around around : Around.values()) {
      assertThat(new SpringConnectionSource(around.of.apply(byThread)).mayJoinBatch())
          .as("%s", around)
          .isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void callsOnAPoolShareStatementsBehindEveryProxy(Around around) {
    assertThat(new SpringConnectionSource(around.of.apply(once)).mayJoinBatch()).isTrue();
    assertThat(DataSources.isRouted(around.of.apply(once))).isFalse();
  }

  @Test
  void recognizesThePoolsOfBootAndTheDriver() throws Exception {
    try (var c3p0 = new ComboPooledDataSource();
        var dbcp = new BasicDataSource()) {
      for (DataSource pool :
          List.of(
              once,
              c3p0,
              dbcp,
              new PGSimpleDataSource(),
              new DriverManagerDataSource(),
              new SimpleDriverDataSource())) {
        for (Around around : Around.values()) {
          assertThat(new SpringConnectionSource(around.of.apply(pool)).mayJoinBatch())
              .as("%s around %s", around, pool.getClass())
              .isTrue();
        }
      }
    }
  }

  /** A native image does not know which methods a subclass overrides. */
  @Test
  void nativeImagesTrustOnlySpringsOwnProxies() {
    var subclass = new DelegatingDataSource(once) {};
    assertThat(new SpringConnectionSource(subclass).mayJoinBatch()).isTrue();
    System.setProperty("org.graalvm.nativeimage.imagecode", "runtime");
    try {
      assertThat(new SpringConnectionSource(subclass).mayJoinBatch()).isFalse();
      for (DataSource springs :
          List.of(once, new DelegatingDataSource(once), new LazyConnectionDataSourceProxy(once))) {
        assertThat(new SpringConnectionSource(springs).mayJoinBatch()).isTrue();
      }
    } finally {
      System.clearProperty("org.graalvm.nativeimage.imagecode");
    }
  }

  /** Tomcat's pool is not a wrapper of itself, so a library's proxy cannot be unwrapped to it. */
  @Test
  void recognizesTomcatsPoolOnlyWithoutAProxy() {
    var pool = new org.apache.tomcat.jdbc.pool.DataSource();
    for (Around around : List.of(Around.NOTHING, Around.LAZY, Around.TRANSACTION_AWARE)) {
      assertThat(new SpringConnectionSource(around.of.apply(pool)).mayJoinBatch()).isTrue();
    }
    assertThat(new SpringConnectionSource(new ProxyDataSource(pool)).mayJoinBatch()).isFalse();
  }

  @Test
  void callsShareStatementsIfConfigured() {
    assertThat(new SpringConnectionSource(new Hiding(once)).mayJoinBatch()).isFalse();
    assertThat(new SpringConnectionSource(new Hiding(once), true).mayJoinBatch()).isTrue();
    assertThat(new SpringConnectionSource(once, false).mayJoinBatch()).isFalse();
    for (Around around : Around.values()) {
      DataSource router = around.of.apply(Router.SPRINGS.of.apply(once, twice));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new SpringConnectionSource(router, true))
          .withMessageContaining("the calling thread");
    }
  }

  @Test
  void isCalledAsItsClass() {
    assertThat(new SpringConnectionSource(once)).hasToString("HikariDataSource");
    assertThat(new SpringConnectionSource(new DelegatingDataSource(once) {}).toString())
        .as("a class without a name of its own")
        .startsWith(DataSourcesIT.class.getName() + "$");
  }

  private static void assertThreadsUseTheirDatabase(DataSource dataSource) throws Exception {
    try (PgHelloClient client =
        PgHelloClient.builder().connections(new SpringConnectionSource(dataSource)).build()) {
      assertThat(wrongAnswers(client)).isZero();
    }
  }

  private static int wrongAnswers(PgHelloClient client) throws Exception {
    return wrongAnswers(Callable::call, client);
  }

  /** Makes calls from many threads and counts results from another thread's database. */
  private static int wrongAnswers(Scope scope, PgHelloClient client) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      var together = new CyclicBarrier(THREADS);
      var answers = new ArrayList<Future<Integer>>();
      for (int i = 0; i < THREADS; i++) {
        boolean repeats = i % 2 == 1;
        answers.add(
            threads.submit(
                () -> {
                  TWICE.set(repeats);
                  return scope.run(
                      () -> {
                        together.await(60, TimeUnit.SECONDS);
                        int wrong = 0;
                        for (int call = 0; call < CALLS; call++) {
                          String once = "Hello, n" + call + "!";
                          String right = repeats ? once + " " + once : once;
                          wrong += right.equals(client.hello("n" + call)) ? 0 : 1;
                          wrong += right.equals(client.helloAsync("n" + call).join()) ? 0 : 1;
                        }
                        return wrong;
                      });
                }));
      }
      int wrong = 0;
      for (Future<Integer> answer : answers) {
        wrong += answer.get(120, TimeUnit.SECONDS);
      }
      return wrong;
    } finally {
      threads.shutdownNow();
    }
  }

  /** The context of a thread's calls. */
  private interface Scope {
    Integer run(Callable<Integer> calls) throws Exception;
  }

  /** A wrapper that follows the JDBC specification. */
  private static class Wrapper extends AbstractDataSource {
    private final DataSource target;

    Wrapper(DataSource target) {
      this.target = target;
    }

    DataSource target() {
      return target;
    }

    @Override
    public Connection getConnection() throws SQLException {
      return target().getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return target().getConnection(user, password);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      return type.isInstance(target()) ? type.cast(target()) : target().unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
      return type.isInstance(target()) || target().isWrapperFor(type);
    }
  }

  /** A wrapper that does not report that it is a wrapper. */
  private static final class Hiding extends Wrapper {
    Hiding(DataSource target) {
      super(target);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      throw new SQLException("not a wrapper of " + type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return false;
    }
  }

  /** A wrapper that throws an exception when a caller tries to unwrap it. */
  private static final class Throwing extends Wrapper {
    private final @Nullable SQLException checked;
    private final @Nullable RuntimeException unchecked;

    Throwing(DataSource target, Exception thrown) {
      super(target);
      checked = thrown instanceof SQLException e ? e : null;
      unchecked = thrown instanceof RuntimeException e ? e : null;
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      fail();
      return super.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
      fail();
      return super.isWrapperFor(type);
    }

    private void fail() throws SQLException {
      if (checked != null) {
        throw checked;
      }
      if (unchecked != null) {
        throw unchecked;
      }
    }
  }
}
