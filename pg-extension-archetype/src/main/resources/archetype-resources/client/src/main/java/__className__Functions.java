package ${package};

import org.hibernate.boot.model.FunctionContributions;
import org.hibernate.boot.model.FunctionContributor;
import org.hibernate.type.StandardBasicTypes;

/** The functions in HQL and Criteria, which Hibernate finds by itself. */
public class ${className}Functions implements FunctionContributor {
  @Override
  public void contributeFunctions(FunctionContributions contributions) {
    contributions
        .getFunctionRegistry()
        .namedDescriptorBuilder("${extensionName}_distance")
        .setExactArgumentCount(2)
        .setInvariantType(
            contributions
                .getTypeConfiguration()
                .getBasicTypeRegistry()
                .resolve(StandardBasicTypes.DOUBLE))
        .register();
  }
}
