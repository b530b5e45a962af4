// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloAsyncOperations;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloOperations;
import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ClientBuilder;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Fallback;
import org.springframework.util.ClassUtils;

/**
 * Creates a {@link PgHelloClient} for the application's only or primary data source, unless the
 * application defines a client.
 */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
    })
@ConditionalOnClass({PgHelloClient.class, DataSource.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnMissingBean(PgHelloClient.class)
@EnableConfigurationProperties(PgHelloProperties.class)
public final class PgHelloAutoConfiguration {
  private static final Log LOG = LogFactory.getLog(PgHelloAutoConfiguration.class);
  static final String JTA = "org.springframework.transaction.jta.JtaTransactionManager";
  static final String USER_TRANSACTION = "jakarta.transaction.UserTransaction";
  private static final String CLIENT = "pgHelloClient";

  // application beans that implement one of the client's interfaces take precedence
  @Bean(name = CLIENT, destroyMethod = "close")
  @Fallback
  @DependsOnDatabaseInitialization
  PgHelloClient pgHelloClient(
      DataSource dataSource,
      PgHelloProperties properties,
      ObjectProvider<CallListener> listeners,
      ObjectProvider<PgHelloClientCustomizer> customizers,
      ListableBeanFactory beans) {
    ArtifactVersions.requireSame(PgHelloAutoConfiguration.class, PgHelloClient.class);
    SpringConnectionSource source = source(dataSource, properties.batching(), beans);
    Integer repeat = properties.defaultRepeat();
    ClientBuilder<PgHelloClient> builder =
        (repeat == null ? PgHelloClient.builder() : PgHelloClient.builder(repeat))
            .connections(source)
            .callTimeout(properties.callTimeout())
            .retryOnConnectionLoss(properties.retryOnConnectionLoss())
            .batching(source.isShareable())
            .maxBatchSize(properties.maxBatchSize())
            .maxBatchBytes((int) properties.maxBatchBytes().toBytes())
            .maxInFlightBatches(properties.maxInFlightBatches())
            .maxConcurrentAsyncCalls(properties.maxConcurrentAsyncCalls())
            .maxQueuedCalls(properties.maxQueuedCalls())
            .maxQueuedBytes((int) properties.maxQueuedBytes().toBytes())
            .blockWhenFull(properties.blockWhenFull());
    if (properties.schema() != null) {
      builder.schema(properties.schema());
    }
    listeners.orderedStream().forEach(builder::listener);
    customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
    return builder.build();
  }

  /**
   * Marks clients that are injectable only by name as fallbacks. Otherwise, such a client would
   * take precedence over the auto-configured client when a client is injected by type.
   */
  @Bean
  static BeanFactoryPostProcessor pgHelloFallbacks() {
    return beans ->
        Stream.of(PgHelloOperations.class, PgHelloAsyncOperations.class)
            .flatMap(type -> Stream.of(beans.getBeanNamesForType(type, true, false)))
            .filter(beans::containsBeanDefinition)
            .map(beans::getBeanDefinition)
            .filter(
                bean ->
                    bean instanceof AbstractBeanDefinition definition
                        && !definition.isDefaultCandidate())
            .forEach(bean -> bean.setFallback(true));
  }

  /** Returns whether this class creates the client with this name. */
  static boolean makes(String client, ListableBeanFactory beans) {
    return client.equals(CLIENT) && isActive(beans);
  }

  /** Returns whether the application uses the client that this class creates. */
  static boolean isActive(ListableBeanFactory beans) {
    return beans.getBeanNamesForType(PgHelloAutoConfiguration.class, false, false).length > 0;
  }

  /** Returns the source of connections. If calls are not batched, logs the reason. */
  private static SpringConnectionSource source(
      DataSource dataSource, @Nullable Boolean wanted, ListableBeanFactory beans) {
    if (Boolean.FALSE.equals(wanted)) {
      return new SpringConnectionSource(dataSource, false);
    }
    var source = new SpringConnectionSource(dataSource);
    String reason =
        source.isRouted()
            ? "the data source is chosen by the calling thread"
            : hasJta(beans) ? "JTA binds connections to threads" : null;
    if (wanted != null && reason != null) {
      throw new IllegalStateException(
          "pg-hello.batching is true, but calls from several threads cannot share a statement,"
              + " because "
              + reason
              + ". Remove the property, or define a PgHelloClient for each database.");
    }
    if (wanted != null) {
      return new SpringConnectionSource(dataSource, true);
    }
    if (reason != null || !source.isShareable()) {
      LOG.info(
          "Calls to pg_hello do not share statements, because "
              + (reason != null
                  ? reason
                  : "it is unknown whether the data source ("
                      + source
                      + ") connects all threads to the same database. If it does, set"
                      + " pg-hello.batching=true. To hide this message, set the property to"
                      + " false."));
      return new SpringConnectionSource(dataSource, false);
    }
    return source;
  }

  private static boolean hasJta(ListableBeanFactory beans) {
    ClassLoader loader = PgHelloAutoConfiguration.class.getClassLoader();
    return ClassUtils.isPresent(USER_TRANSACTION, loader)
        && ClassUtils.isPresent(JTA, loader)
        && beans.getBeanNamesForType(ClassUtils.resolveClassName(JTA, loader), true, false).length
            > 0;
  }
}
