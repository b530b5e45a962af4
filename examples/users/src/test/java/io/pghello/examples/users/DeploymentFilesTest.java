// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Checks the consistency of the files in {@code deploy} without running them. */
class DeploymentFilesTest {
  private static final Path DEPLOY = Path.of("../../deploy");

  private static List<Map<String, Object>> documents(String file) throws IOException {
    var documents = new ArrayList<Map<String, Object>>();
    for (Object document : new Yaml().loadAll(Files.readString(DEPLOY.resolve(file)))) {
      documents.add(map(document));
    }
    return documents;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(@Nullable Object value) {
    return (Map<String, Object>) Objects.requireNonNull(value);
  }

  @SuppressWarnings("unchecked")
  private static <T> List<T> list(@Nullable Object value) {
    return (List<T>) Objects.requireNonNull(value);
  }

  private static Map<String, Object> services() throws IOException {
    return map(documents("compose.yaml").get(0).get("services"));
  }

  @Test
  void composeHasTheServicesPortsAndVariablesOfTheGuide() throws IOException {
    Map<String, Object> services = services();
    assertThat(services)
        .containsKeys("postgres", "redis", "greeting-service", "user-service", "api-gateway");
    assertThat(list(map(services.get("greeting-service")).get("ports")))
        .containsExactly("127.0.0.1:3001:3000");
    assertThat(list(map(services.get("user-service")).get("ports")))
        .containsExactly("127.0.0.1:3002:3000");
    assertThat(list(map(services.get("api-gateway")).get("ports")))
        .containsExactly("127.0.0.1:3000:3000");
    assertThat(map(map(services.get("greeting-service")).get("environment")))
        .containsKeys("DATABASE_URL", "REDIS_URL");
    assertThat(map(map(services.get("user-service")).get("environment")))
        .containsEntry("GREETING_SERVICE_URL", "http://greeting-service:3000")
        .containsKey("DATABASE_URL");
    assertThat(map(map(services.get("postgres")).get("environment")))
        .containsEntry("POSTGRES_DB", "microservices_db");
    assertThat(map(documents("compose.yaml").get(0).get("volumes"))).containsKey("postgres_data");
  }

  @Test
  void composeServicesAreHardened() throws IOException {
    services()
        .forEach(
            (name, value) -> {
              Map<String, Object> service = map(value);
              assertThat(service.get("read_only")).as("%s is read-only", name).isEqualTo(true);
              assertThat(list(service.get("cap_drop"))).as(name).contains("ALL");
              assertThat(service.get("restart")).as(name).isIn("no", "unless-stopped");
              if (!"no".equals(service.get("restart"))) {
                assertThat(service).as("the health of %s", name).containsKey("healthcheck");
              }
            });
  }

  @Test
  void noPasswordIsInAFile() throws IOException {
    try (Stream<Path> files = Files.walk(DEPLOY)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        if (file.toString().matches(".*\\.(ya?ml|sh|sql)|.*Dockerfile")) {
          assertThat(Files.readString(file))
              .as("%s", file)
              .doesNotContainPattern("(?im)password[\"']?: *[\"']?[a-z0-9]+[\"']? *$")
              .doesNotContain("METHOD: trust", "METHOD, value: trust");
        }
      }
    }
  }

  @Test
  void composeMountsExistingFiles() throws IOException {
    for (Object value : services().values()) {
      Object volumes = map(value).get("volumes");
      if (volumes != null) {
        for (String volume : DeploymentFilesTest.<String>list(volumes)) {
          if (volume.startsWith(".") && !volume.startsWith("./target/")) {
            assertThat(DEPLOY.resolve(volume.substring(0, volume.indexOf(':')))).exists();
          }
        }
      }
    }
  }

  @Test
  void composeDoesNotLimitItsServices() throws IOException {
    Map<String, Object> services = services();
    Map<String, Object> greeting = map(map(services.get("greeting-service")).get("environment"));
    String users = String.valueOf(map(services.get("user-service")).get("networks"));
    assertThat(users).contains("=" + greeting.get("GREETING_RATE_LIMIT_UNLIMITED") + "}");
  }

  @Test
  void redisAndTheServiceShareAPassword() throws IOException {
    Map<String, Object> redis = map(services().get("redis"));
    assertThat(String.valueOf(redis.get("command")))
        .contains("requirepass $$(cat /run/secrets/redis-password)");
    assertThat(list(redis.get("secrets"))).containsExactly("redis-password");
    assertThat(String.valueOf(map(services().get("greeting-service")).get("secrets")))
        .contains("{source=redis-password, target=greeting.redis.password}");
    assertThat(map(documents("compose.yaml").get(0).get("secrets"))).containsKey("redis-password");
    assertThat(Files.readString(DEPLOY.resolve("secrets.sh"))).contains(" redis-password ");
  }

  /**
   * Checks the targets of {@code monitoring/prometheus.yml}, except backups, which the Compose file
   * does not contain.
   */
  @Test
  void composeIsWatched() throws IOException {
    Map<String, Object> services = services();
    Map<String, Object> prometheus = documents("monitoring/compose/prometheus.yml").get(0);
    assertThat(jobs(prometheus))
        .isEqualTo(
            jobs(documents("monitoring/prometheus.yml").get(0)).stream()
                .filter(job -> !job.equals("pg_hello_backup"))
                .toList());
    var targets = new ArrayList<String>();
    List<Map<String, Object>> scraped = list(prometheus.get("scrape_configs"));
    List<Map<String, Object>> told = list(map(prometheus.get("alerting")).get("alertmanagers"));
    for (Map<String, Object> job : Stream.concat(scraped.stream(), told.stream()).toList()) {
      List<Map<String, Object>> configurations = list(job.get("static_configs"));
      targets.addAll(list(configurations.get(0).get("targets")));
    }
    assertThat(targets).hasSize(5);
    for (String target : targets) {
      String host = target.substring(0, target.indexOf(':'));
      Map<String, Object> service =
          services.containsKey(host) ? map(services.get(host)) : ofAddress(services, host);
      if (target.endsWith(":8081")) {
        assertThat(map(service.get("environment")))
            .containsEntry("MANAGEMENT_SERVER_PORT", "8081")
            .containsEntry("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "health,prometheus");
        assertThat(String.valueOf(service.get("ports"))).doesNotContain("8081");
      }
    }
    assertThat(Files.readString(DEPLOY.resolve("gateway/nginx.conf.template")))
        .doesNotContain("8081");
    assertThat(documents("monitoring/compose/datasources.yaml").toString())
        .contains("http://prometheus:9090");
  }

  private static List<String> jobs(Map<String, Object> prometheus) {
    return DeploymentFilesTest.<Map<String, Object>>list(prometheus.get("scrape_configs")).stream()
        .map(job -> String.valueOf(job.get("job_name")))
        .toList();
  }

  private static Map<String, Object> ofAddress(Map<String, Object> services, String address) {
    return services.values().stream()
        .map(DeploymentFilesTest::map)
        .filter(service -> String.valueOf(service.get("networks")).contains(address + "}"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no service has the address " + address));
  }

  /** Compares the parameters of the module polytope/postgres with the blueprint's values. */
  @Test
  void polytopeHasTheValuesOfTheBlueprint() throws IOException {
    List<Map<String, Object>> modules =
        list(documents("polytope/polytope.yml").get(0).get("modules"));
    Map<String, Object> module = modules.get(0);
    assertThat(module).containsEntry("module", "polytope/postgres").containsKeys("id", "info");
    Map<String, Object> arguments = map(module.get("args"));
    assertThat(arguments.keySet())
        .isSubsetOf(
            Set.of(
                "image",
                "container-id",
                "data-volume",
                "service-id",
                "env",
                "cmd",
                "restart",
                "scripts"));
    assertThat(map(arguments.get("data-volume")))
        .containsEntry("type", "volume")
        .containsEntry("scope", "project");
    assertThat(map(arguments.get("restart"))).containsOnlyKeys("policy", "max-restarts");
    // each script is mounted at the same path
    List<Map<String, Object>> scripts = list(arguments.get("scripts"));
    assertThat(scripts).hasSize(1);
    assertThat(DEPLOY.resolve("polytope").resolve(String.valueOf(scripts.get(0).get("path"))))
        .exists();
    assertThat(Files.readString(DEPLOY.resolve("postgres/Dockerfile")))
        .contains("ARG MAJOR=17\nFROM postgres:${MAJOR}\n");
    assertThat(arguments).containsEntry("image", "pg-hello-postgres:17");
    String text = Files.readString(DEPLOY.resolve("polytope/polytope.yml"));
    assertThat(text)
        .contains(
            "pt.value postgres-host",
            "pt.value postgres-port",
            "pt.value postgres-database",
            "pt.secret postgres-username",
            "pt.secret postgres-password",
            "POSTGRES_INITDB_ARGS",
            "POSTGRES_INITDB_WALDIR");
  }

  @Test
  void kubernetesFilesReferToOneAnother() throws IOException {
    List<String> resources = list(documents("kustomization.yaml").get(0).get("resources"));
    var kinds = new ArrayList<String>();
    var selected = new ArrayList<Object>();
    var labelled = new ArrayList<Object>();
    for (String resource : resources) {
      for (Map<String, Object> document : documents(resource)) {
        kinds.add(document.get("kind") + " " + map(document.get("metadata")).get("name"));
        assertThat(document).containsKey("apiVersion");
        if ("Service".equals(document.get("kind"))) {
          selected.add(map(map(document.get("spec")).get("selector")).get("app"));
        }
        if ("Deployment".equals(document.get("kind"))) {
          Map<String, Object> template = map(map(document.get("spec")).get("template"));
          labelled.add(map(map(template.get("metadata")).get("labels")).get("app"));
          Map<String, Object> pod = map(template.get("spec"));
          assertThat(map(pod.get("securityContext"))).containsEntry("runAsNonRoot", true);
          assertThat(map(map(list(pod.get("containers")).get(0)).get("securityContext")))
              .containsEntry("readOnlyRootFilesystem", true);
        }
      }
    }
    assertThat(kinds)
        .contains("Cluster microservices", "Database microservices-db")
        .doesNotHaveDuplicates();
    assertThat(labelled).containsExactlyInAnyOrderElementsOf(selected).hasSize(3);
  }

  private static List<Map<String, Object>> kubernetes(String kind) throws IOException {
    var found = new ArrayList<Map<String, Object>>();
    for (String resource :
        DeploymentFilesTest.<String>list(documents("kustomization.yaml").get(0).get("resources"))) {
      for (Map<String, Object> document : documents(resource)) {
        if (kind.equals(document.get("kind"))) {
          found.add(document);
        }
      }
    }
    return found;
  }

  @Test
  void kubernetesRestrictsIngressToAllPods() throws IOException {
    var guarded = new ArrayList<String>();
    for (Map<String, Object> policy : kubernetes("NetworkPolicy")) {
      Map<String, Object> spec = map(policy.get("spec"));
      assertThat(list(spec.get("policyTypes"))).containsExactly("Ingress");
      assertThat(String.valueOf(spec.get("ingress"))).contains("port=");
      guarded.add(String.valueOf(map(spec.get("podSelector")).get("matchLabels")));
    }
    assertThat(guarded)
        .containsExactlyInAnyOrder(
            "{app=greeting-service}",
            "{app=user-service}",
            "{app=api-gateway}",
            "{cnpg.io/cluster=microservices}");
    Map<String, Object> namespace = map(kubernetes("Namespace").get(0).get("metadata"));
    assertThat(map(namespace.get("labels")))
        .containsEntry("pod-security.kubernetes.io/enforce", "restricted");
  }

  @Test
  void kubernetesPublishesNothingWithoutTls() throws IOException {
    for (Map<String, Object> service : kubernetes("Service")) {
      Map<String, Object> spec = map(service.get("spec"));
      if (spec.containsKey("type")) {
        assertThat(String.valueOf(spec.get("ports")))
            .isEqualTo("[{name=https, port=443, targetPort=https}]");
      }
    }
    assertThat(kubernetes("Deployment").toString())
        .contains(
            "name=GATEWAY_LISTEN, value=3443 ssl; ssl_certificate /etc/tls/tls.crt;"
                + " ssl_certificate_key /etc/tls/tls.key");
  }

  @Test
  void kubernetesVerifiesTheDatabase() throws IOException {
    for (String name : List.of("greeting-service", "user-service")) {
      assertThat(Files.readString(DEPLOY.resolve("kubernetes/" + name + ".yaml")))
          .contains("?sslmode=verify-full&sslrootcert=/etc/postgresql-ca/ca.crt\"")
          .contains("secretName: microservices-ca")
          .contains("{name: postgresql-ca, mountPath: /etc/postgresql-ca, readOnly: true}");
    }
  }

  /** The Prometheus Operator scrapes these ports of pods with these labels. */
  @Test
  void kubernetesIsWatched() throws IOException {
    var ports = new HashMap<Object, List<Object>>();
    for (String file :
        List.of(
            "kubernetes/greeting-service.yaml",
            "kubernetes/user-service.yaml",
            "monitoring/kubernetes/exporter.yaml")) {
      for (Map<String, Object> document : documents(file)) {
        if ("Deployment".equals(document.get("kind"))) {
          Map<String, Object> template = map(map(document.get("spec")).get("template"));
          Map<String, Object> container =
              map(list(map(template.get("spec")).get("containers")).get(0));
          ports.put(
              map(map(template.get("metadata")).get("labels")).get("app"),
              list(container.get("ports")).stream().map(port -> map(port).get("name")).toList());
        }
      }
    }
    var watched = new HashMap<Object, List<Object>>();
    for (Map<String, Object> monitor : documents("monitoring/kubernetes/monitors.yaml")) {
      if ("PodMonitor".equals(monitor.get("kind"))) {
        Map<String, Object> spec = map(monitor.get("spec"));
        Map<String, Object> endpoint = map(list(spec.get("podMetricsEndpoints")).get(0));
        List<Object> relabelings = list(endpoint.get("relabelings"));
        Map<String, Object> selector = map(spec.get("selector"));
        List<Object> pods =
            selector.containsKey("matchLabels")
                ? List.of(Objects.requireNonNull(map(selector.get("matchLabels")).get("app")))
                : list(map(list(selector.get("matchExpressions")).get(0)).get("values"));
        watched.put(map(relabelings.get(0)).get("replacement"), pods);
        assertThat(pods)
            .allSatisfy(pod -> assertThat(ports.get(pod)).contains(endpoint.get("port")));
      }
    }
    assertThat(watched)
        .containsOnly(
            Map.entry("pg_hello_database", List.of("postgres-exporter")),
            Map.entry("pg_hello_application", List.of("greeting-service", "user-service")));
  }
}
