// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.io.IOException;
import java.util.Map;
import org.apache.catalina.core.StandardHost;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.converter.autoconfigure.ServerHttpMessageConvertersCustomizer;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/** Configures the classes of this package for an application with Tomcat and Spring MVC. */
@Configuration(proxyBeanMethods = false)
@Import({
  BodyLimitFilter.class,
  OutageLog.class,
  PathParametersFilter.class,
  ProblemAdvice.class,
  ProblemErrorController.class,
  ProblemWriter.class,
  SecurityHeadersFilter.class
})
public class WebConfiguration {
  /**
   * Configures strict JSON parsing: the number 7 is not accepted as a name, and the string "7" is
   * not accepted as a count. Unknown and duplicate properties are errors, because otherwise a
   * misspelled property would be ignored.
   */
  @Bean
  JsonMapperBuilderCustomizer strictTypes() {
    return builder ->
        builder
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .withCoercionConfig(
                LogicalType.Textual,
                config -> {
                  config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
                  config.setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
                  config.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
                });
  }

  /** Rejects the JSON body {@code null}, because Spring does not reject it everywhere. */
  @Bean
  ServerHttpMessageConvertersCustomizer noNull(JsonMapper mapper) {
    var converter =
        new JacksonJsonHttpMessageConverter(mapper) {
          @Override
          public Object read(
              ResolvableType type, HttpInputMessage message, @Nullable Map<String, Object> hints)
              throws IOException {
            Object body = super.read(type, message, hints);
            if (body == null) {
              throw new HttpMessageNotReadableException("the body is null", message);
            }
            return body;
          }
        };
    return builder -> builder.withJsonConverter(converter);
  }

  /** Allows slashes in names, and responds with problems instead of Tomcat's error pages. */
  @Bean
  WebServerFactoryCustomizer<ConfigurableTomcatWebServerFactory> tomcatCustomizer() {
    return factory -> {
      factory.addConnectorCustomizers(
          connector -> {
            // Spring MVC decodes slashes after it has split the path
            String passThrough = EncodedSolidusHandling.PASS_THROUGH.getValue();
            connector.setEncodedSolidusHandling(passThrough);
            connector.setEncodedReverseSolidusHandling(passThrough);
          });
      factory.addContextCustomizers(
          context -> {
            if (context.getParent() instanceof StandardHost host) {
              host.setErrorReportValveClass(ProblemValve.class.getName());
            }
          });
    };
  }
}
